import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { BOUNDS, KeptCalls } from '../../src/inspector/page/kept-calls.js';
import { placeAfter } from '../../src/inspector/prompt-place.js';

// What is kept of calls that have ended, and where in a conversation a prompt parts.

test('one busy agent pushes out no call of another', () => {
  const kept = new KeptCalls();
  kept.add({ program: 7, order: 1 });
  for (let order = 2; order < 10_000; order++) kept.add({ program: order % 100 === 0 ? 0 : 8, order });
  expect(kept.of(7)).toHaveLength(1);
  expect(kept.of(8)).toHaveLength(BOUNDS.ofOne);
  expect(kept.of(8).at(-1)?.order).toBe(9_999);
  expect(kept.of(0)).toHaveLength(99);
});

test('of many agents each keeps as many of its latest calls as there is room for', () => {
  const program = fc.nat(5);
  fc.assert(
    fc.property(fc.array(program, { maxLength: 200 }), (asked) => {
      const bounds = { all: 12, ofOne: 4, ofNone: 6 };
      const kept = new KeptCalls(bounds);
      asked.forEach((of, at) => void kept.add({ program: of, order: at + 1 }));
      const every = kept.since(0);
      const most = (of: number) => (of === 0 ? bounds.ofNone : bounds.ofOne);
      expect(every.length).toBeLessThanOrEqual(bounds.all);
      expect(every.map(({ order }) => order)).toEqual(every.map(({ order }) => order).sort((a, b) => a - b));
      for (const of of new Set(asked)) {
        const orders = asked.flatMap((one, at) => (one === of ? [at + 1] : []));
        const own = kept.of(of).map(({ order }) => order);
        expect(own).toEqual(orders.slice(orders.length - own.length)); // its latest
        expect(own.length).toBeLessThanOrEqual(most(of));
        expect(own.length).toBeGreaterThanOrEqual(Math.min(orders.length, 2)); // 12 for 6 agents
      }
    }),
    { numRuns: 200 },
  );
});

test('what comes after a call is told in order, and nothing twice', () => {
  const kept = new KeptCalls();
  for (let order = 1; order <= 9; order++) kept.add({ program: order % 3, order });
  expect(kept.since(6).map(({ order }) => order)).toEqual([7, 8, 9]);
  expect(kept.since(9)).toEqual([]);
});

const SAID: ChatMessage[] = [
  { role: 'system', content: 'You are short. It is 14:07:31. Go on.' },
  { role: 'user', content: ' How far is it? ' },
  { role: 'assistant', content: '', toolCalls: [] },
  { role: 'user', content: 'And how high?' },
];
const text = SAID.map(({ role, content }) => `<${role}>\n${content.trim()}</>\n`).join('');
const upTo = (part: string, from = 0) => text.slice(0, text.indexOf(part, from));

test.each([
  ['in the instructions', `${upTo('07:31')}`, { message: 1, role: 'system', character: 25, word: '14:07:31.' }],
  ['in its first characters', `${upTo('w far')}`, { message: 2, role: 'user', character: 3, word: 'How' }],
  ['before a text', upTo('How far'), { message: 2, role: 'user', character: 1 }],
  ['in what has no text', upTo('<assistant>'), { message: 4, role: 'user', character: 1 }],
  ['behind all', text, undefined],
  ['before all', '', { message: 1, role: 'system', character: 1 }],
])('where a prompt parts: %s', (_, begins, place) => {
  const found = placeAfter(begins, SAID);
  if (place) expect(found).toMatchObject(place);
  else expect(found).toBeUndefined();
});

test('a message that the template changed is passed over; a long one that repeats itself takes no time', () => {
  const [first, ...rest] = SAID as [ChatMessage, ...ChatMessage[]];
  const changed = [{ ...first, content: 'otherwise' } as ChatMessage, ...rest];
  expect(placeAfter(upTo('high'), changed)).toMatchObject({ message: 4, character: 9 });
  const long = 'a'.repeat(400_000);
  const start = performance.now();
  placeAfter(`${long}b`, [{ role: 'user', content: `${long}c` }]);
  expect(performance.now() - start).toBeLessThan(2_000);
});
