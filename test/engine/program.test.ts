import { expect, test } from 'vitest';
import type { NativeDecision } from '../../src/native/decisions.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

const planned = (at: number): NativeDecision => {
  return { at, kind: 'plan', program: 0, request: 0, text: '', prefillTokens: 8, decodeRows: 1 };
};

test('a program is the id of its requests, and its hints reach the engine in order', async () => {
  const { engine, native } = scripted(() => 'ok');
  const program = engine.program();
  await engine.generate([5, 6], { program });
  program.toolStarted('search', { expectedMs: 900 });
  program.toolEnded('search');
  program.waitingForHuman();
  await program.nextPrefix([5, 6, 7], { steps: 2, tenant: 't' });
  await program.branchAbandoned([5, 9]);
  program.finished();
  expect(native.requests[0]?.program).toBe(program.id);
  expect(native.hints.map(({ kind }) => kind)).toEqual([
    ...['tool-started', 'tool-ended', 'waiting-for-human', 'next-prefix', 'branch-abandoned', 'finished'],
  ]);
  expect(native.hints.every((hint) => hint.program === program.id)).toBe(true);
  expect(native.hints[0]).toMatchObject({ tool: 'search', expectedMs: 900 });
  expect(native.hints[3]).toMatchObject({ salt: 't', steps: 2, tokens: Int32Array.of(5, 6, 7) });
});

test('programs of two engines have different ids: one may be passed to both', () => {
  const ids = [1, 2].map(() => scripted(() => 'ok').engine.program().id);
  expect(new Set(ids).size).toBe(2);
});

test.each([
  ['expectedMs', (p: Program) => p.toolStarted('t', { expectedMs: -1 })],
  ['expectedMs', (p: Program) => p.toolStarted('t', { expectedMs: Number.NaN })],
  ['expected', (p: Program) => p.toolStarted('t', { expected: 5 } as never)],
  ['tool', (p: Program) => p.toolStarted(7 as never)],
  ['tool', (p: Program) => p.toolEnded(undefined as never)],
  ['steps', (p: Program) => p.nextPrefix('x', { steps: 0 })],
  ['steps', (p: Program) => p.nextPrefix('x', { steps: 1.5 })],
  ['tenant', (p: Program) => p.nextPrefix('x', { tenant: 7 as never })],
  ['prompt[0]', (p: Program) => p.branchAbandoned([-1])],
  ['messages[0].role', (p: Program) => p.branchAbandoned([{ role: 'stranger', content: '' }] as never)],
])('a hint that is none names %s, and the engine hears nothing', async (field, hint) => {
  const { engine, native } = scripted(() => 'ok');
  expect(await errorOf(async () => hint(engine.program()))).toMatchObject({ field });
  expect(native.hints).toEqual([]);
  expect((await engine.generate('still here')).text).toBe('ok');
});

type Program = ReturnType<ReturnType<typeof scripted>['engine']['program']>;

test('a name of a tool may be of any length', async () => {
  const { engine, native } = scripted(() => 'ok');
  engine.program().toolStarted('x'.repeat(10_000));
  expect(native.hints[0]?.tool).toHaveLength(256);
});

test('a branch of which all is still wanted is none', async () => {
  const { engine, native } = scripted(() => 'ok');
  const program = engine.program();
  await program.branchAbandoned([5, 6, 7], { from: 3 });
  expect(native.hints).toEqual([]);
  await program.branchAbandoned([5, 6, 7], { from: 2 });
  expect(native.hints).toMatchObject([{ kind: 'branch-abandoned', from: 2 }]);
});

test('a program of a closed engine says so', async () => {
  const { engine } = scripted(() => 'ok');
  const program = engine.program();
  await engine.close();
  const calls = [
    () => program.finished(),
    () => program.nextPrefix('x'),
    () => program.report(),
    () => engine.program(),
  ];
  for (const call of calls) expect(await errorOf(async () => call())).toMatchObject({ code: 'CLOSED' });
});

test('a report of a program that the engine does not know is undefined', async () => {
  const { engine } = scripted(() => 'ok');
  const program = engine.program();
  expect(await program.report()).toBeUndefined();
  await engine.generate('x', { program });
  expect(await program.report()).toMatchObject({ calls: 1 });
});

test.each([
  ['deadlineMs', { deadlineMs: 0 }],
  ['deadlineMs', { deadlineMs: 'soon' }],
  ['ttftLimitMs', { ttftLimitMs: Number.POSITIVE_INFINITY }],
  ['group', { group: 7 }],
  ['group.id', { group: { id: 0, size: 2 } }],
  ['group.size', { group: { id: 1, size: 1.5 } }],
  ['program', { program: {} }],
  ['program', { program: null }],
  ['program', { program: 7 }], // a program is named by itself, not by its number
])('options of a request are checked: %s', async (field, options) => {
  const { engine, native } = scripted(() => 'ok');
  expect(await errorOf(() => engine.generate('x', options as never))).toMatchObject({ code: 'INVALID_OPTION', field });
  expect(native.requests).toEqual([]);
});

test('deadline, limit and group reach the engine', async () => {
  const { engine, native } = scripted(() => 'ok');
  await engine.generate('x', { deadlineMs: 2_000, ttftLimitMs: 300, group: { id: 4, size: 3 } });
  expect(native.requests[0]).toMatchObject({ deadlineMs: 2_000, ttftLimitMs: 300, group: 4, groupSize: 3 });
});

test('backpressure is a typed error that says when to come again', async () => {
  const { engine } = scripted(() => ({
    steps: [],
    error: { code: 'BACKPRESSURE', message: 'too much is waiting', retryAfterMs: 1_250 },
  }));
  const error = await errorOf(() => engine.generate('x', { ttftLimitMs: 100 }));
  expect(error).toMatchObject({ code: 'BACKPRESSURE', retryAfter: 1_250 });
});

test('other errors have no time to come again', async () => {
  const { engine } = scripted(() => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } }));
  expect((await errorOf(() => engine.generate('x'))).retryAfter).toBeUndefined();
});

test('decisions are recorded while they have a reader', async () => {
  const { engine, native } = scripted(() => 'ok');
  const decision = planned(1);
  const feed = engine.decisions();
  expect(native.decisionsOn).toBe(false);
  const first = feed.next();
  expect(native.decisionsOn).toBe(true);
  native.router.deliver([{ type: 'decision', request: 0, decision }]);
  expect((await first).value).toEqual(decision);
  await feed.return();
  expect(native.decisionsOn).toBe(false);
  await engine.close();
});

test('every reader gets every decision, until the last one leaves', async () => {
  const { engine, native } = scripted(() => 'ok');
  const switched: boolean[] = [];
  const watch = native.watchDecisions.bind(native);
  native.watchDecisions = (listener) => {
    switched.push(listener !== undefined);
    watch(listener);
  };
  const [first, second] = [engine.decisions(), engine.decisions()];
  const waiting = [first.next(), second.next()];
  native.router.deliver([{ type: 'decision', request: 0, decision: planned(1) }]);
  for (const { value } of await Promise.all(waiting)) expect(value).toMatchObject({ at: 1 });
  await first.return();
  native.router.deliver([{ type: 'decision', request: 0, decision: planned(2) }]);
  expect((await second.next()).value).toMatchObject({ at: 2 });
  expect(switched).toEqual([true]);
  await second.return();
  expect(switched).toEqual([true, false]);
});

test('a reader that is too slow loses the oldest decisions, and is told', async () => {
  const { engine, native } = scripted(() => 'ok');
  const feed = engine.decisions();
  const first = feed.next();
  for (let at = 0; at < 150_001; at++) {
    native.router.deliver([{ type: 'decision', request: 0, decision: planned(at) }]);
  }
  expect((await first).value).toMatchObject({ kind: 'lost', count: 100_000, text: expect.stringContaining('100000') });
  expect((await feed.next()).value).toMatchObject({ at: 100_000 });
  await engine.close();
  let read = 0;
  for await (const _ of feed) read++;
  expect(read).toBe(50_000);
});
