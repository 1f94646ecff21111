import fc from 'fast-check';
import { expect, test } from 'vitest';
import { debate } from '../../src/patterns/debate.js';
import { reflect } from '../../src/patterns/reflect.js';
import { treeSearch, type Unjudged } from '../../src/patterns/tree-search.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const asked = (prompt: string) => /<\|user\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1] ?? '';
/** Digits that the way to a thought spells. */
const digits = (thought: Unjudged) =>
  thought.session.messages
    .filter(({ role }) => role === 'assistant')
    .map(({ content }) => content)
    .join('');

function searching() {
  const { engine, native } = scripted(asked);
  return { native, session: engine.session() };
}

test('tree search: a beam follows the best of each level', async () => {
  const { session, native } = searching();
  const found = await treeSearch(session, {
    propose: (_parent, child) => String(child),
    score: (thought) => Number(digits(thought)),
    children: 3,
    beam: 2,
    depth: 3,
  });
  expect(digits(found.best)).toBe('222');
  expect(found).toMatchObject({ accepted: false, thoughts: 3 + 6 + 6 });
  expect(found.path.map(({ depth, score }) => [depth, score])).toEqual([
    [1, 2],
    [2, 22],
    [3, 222],
  ]);
  expect(new Set(native.requests.map(({ program }) => program)).size).toBe(1);
  await found.best.session.generate('next');
  expect(session.messages).toHaveLength(0);
});

test('tree search: ends with the first accepted thought', async () => {
  const { session } = searching();
  const found = await treeSearch(session, {
    propose: (_parent, child) => String(child),
    score: (thought) => -Math.abs(12 - Number(digits(thought))),
    accept: (thought) => digits(thought) === '12',
  });
  expect(found).toMatchObject({ accepted: true });
  expect(digits(found.best)).toBe('12');
});

test('tree search: best-first goes back to a thought that a beam has given up', async () => {
  // 0 looks good and leads nowhere; 1 looks bad and leads to the end.
  const value: Record<string, number> = { '0': 5, '1': 4, '00': 1, '01': 2, '10': 9, '11': 10 };
  const options = {
    propose: (_parent: unknown, child: number) => String(child),
    score: (thought: Unjudged) => value[digits(thought)] ?? 0,
    ...{ children: 2, beam: 1, depth: 2 },
  };
  const beam = await treeSearch(searching().session, options);
  const best = await treeSearch(searching().session, { ...options, strategy: 'best-first' });
  expect([digits(beam.best), digits(best.best)]).toEqual(['0', '11']);
});

test('tree search: limits hold, seeds are apart, and only the best stays open, whatever the shape', async () => {
  const shape = fc.record({
    children: fc.integer({ min: 1, max: 4 }),
    beam: fc.integer({ min: 1, max: 4 }),
    depth: fc.integer({ min: 1, max: 4 }),
    thoughts: fc.integer({ min: 1, max: 30 }),
    strategy: fc.constantFrom('beam' as const, 'best-first' as const),
    scores: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ scores, ...limits }) => {
      const { session, native } = searching();
      let n = 0;
      const opened: Unjudged[] = [];
      const found = await treeSearch(session, {
        propose: (_parent, child) => String(child),
        score: (thought) => {
          opened.push(thought);
          return scores[n++ % scores.length] ?? 0;
        },
        turn: { seed: 0 },
        ...limits,
      });
      expect(found.thoughts).toBeLessThanOrEqual(limits.thoughts);
      expect(found.thoughts).toBe(native.requests.length);
      expect(found.path.length).toBeLessThanOrEqual(limits.depth);
      expect(native.requests.map(({ sampling }) => sampling.seed)).toEqual(native.requests.map((_, index) => index));
      const open = await Promise.all(
        opened.map(
          async ({ session: one }) => (await codeOf(() => one.countTokens('x')).catch(() => 'open')) === 'open',
        ),
      );
      expect(open.filter(Boolean)).toHaveLength(1);
      expect(found.best.score).toBe(Math.max(...opened.map((_, at) => scores[at % scores.length] ?? 0)));
    }),
    { numRuns: 60 },
  );
});

test('tree search: a judge that fails closes everything', async () => {
  const { session } = searching();
  const opened: Unjudged[] = [];
  const failing = treeSearch(session, {
    propose: () => 'x',
    score: (thought) => {
      opened.push(thought);
      if (opened.length === 5) throw new RangeError('no judgement');
      return 1;
    },
  });
  await expect(failing).rejects.toThrow('no judgement');
  for (const { session: one } of opened) expect(await codeOf(() => one.countTokens('x'))).toBe('CLOSED');
  expect(await errorOf(() => treeSearch(session, { score: () => 1 } as never))).toMatchObject({ field: 'propose' });
});

test('debate: all sides speak, hear the others, and the judge reads the last round', async () => {
  const { engine, native } = scripted(
    (prompt) => `${/system\|>([^<]*)/.exec(prompt)?.[1]} says ${native.requests.length}`,
  );
  const side = (name: string) => ({ name, session: engine.session({ system: name }) });
  const judge = engine.session({ system: 'judge' });
  const result = await debate('Tea or coffee?', [side('A'), side('B'), side('C')], judge, { rounds: 2 });
  expect(result.rounds.map((round) => round.map(({ name }) => name))).toEqual([
    ['A', 'B', 'C'],
    ['A', 'B', 'C'],
  ]);
  const heard = native.renders.map(
    ({ messages }) => (messages.at(-1) as { content?: string } | undefined)?.content ?? '',
  );
  expect(heard.slice(0, 3)).toEqual(['Tea or coffee?', 'Tea or coffee?', 'Tea or coffee?']);
  expect(heard[3]).toMatch(/B: B says[\s\S]*C: C says/);
  expect(heard[3]).not.toContain('A: A');
  expect(heard[6]).toMatch(/A: A says[\s\S]*B: B says[\s\S]*C: C says/);
  expect(result.verdict).toContain('judge');
  expect(await errorOf(() => debate('q', [side('A')], judge))).toMatchObject({ field: 'sides' });
  const twice = side('A');
  expect(await errorOf(() => debate('q', [twice, twice], judge))).toMatchObject({ field: 'sides' });
});

test('reflect: until the critic lets it stand, or the rounds are over', async () => {
  const critic = (prompt: string) => (asked(prompt).includes('draft 3') ? 'OK.' : 'Too short.');
  let drafts = 0;
  const { engine } = scripted((prompt) => (prompt.includes('critic') ? critic(prompt) : `draft ${++drafts}`));
  const pair = () => [engine.session({ system: 'writer' }), engine.session({ system: 'critic' })] as const;
  const good = await reflect(...pair(), 'Write.', { rounds: 5 });
  expect(good).toMatchObject({ accepted: true, answer: { text: 'draft 3' } });
  expect(good.drafts.map(({ critique }) => critique)).toEqual(['Too short.', 'Too short.', 'OK.']);
  const bad = await reflect(...pair(), 'Write.', { rounds: 1, accept: () => false });
  expect(bad).toMatchObject({ accepted: false, answer: { text: 'draft 5' } });
  const [writer] = pair();
  expect(await errorOf(() => reflect(writer, writer, 'x'))).toMatchObject({ field: 'critic' });
  expect(await codeOf(() => reflect(...pair(), 'x', { signal: AbortSignal.abort() }))).toBe('ABORTED');
});
