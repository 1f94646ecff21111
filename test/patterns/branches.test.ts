import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { GenerationResult } from '../../src/engine/generation.js';
import type { SessionOptions } from '../../src/engine/session-options.js';
import { bestOf } from '../../src/patterns/best-of.js';
import { ask } from '../../src/patterns/branches.js';
import { mapReduce } from '../../src/patterns/map-reduce.js';
import { parallel } from '../../src/patterns/parallel.js';
import type { Answer } from '../../testing/engine/scripted-answer.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { codeOf, errorOf } from '../support/expect-code.js';

/** The last thing that the user said. */
const asked = (prompt: string) => /<\|user\|>([^<]*)<\|end\|>\n<\|assistant\|>$/.exec(prompt)?.[1] ?? '';
const ENDLESS: Answer = { steps: Array.from({ length: 10_000 }, () => 'x') };

function trunkOf(script: Script, options: SessionOptions = {}) {
  const { engine, native } = scripted(script);
  return { session: engine.session({ system: 'Be brief.', ...options }), native, engine };
}

/** No orphan: nothing runs, and the engine was told to stop exactly those. */
async function expectQuiet(native: { stats(): Promise<{ running: number }> }): Promise<void> {
  await turn();
  await turn();
  expect((await native.stats()).running).toBe(0);
}

test('parallel: one turn a branch, results in their order, prompt shared, one group of one program', async () => {
  const { session, native } = trunkOf((prompt) => `re ${asked(prompt)}`);
  await session.generate('first');
  const results = await parallel(session, [ask('a'), ask('b'), ask('c')]);
  expect(results.map(({ text }) => text)).toEqual(['re a', 're b', 're c']);
  const [, ...branches] = native.requests;
  expect(new Set(branches.map(({ program }) => program))).toEqual(new Set([session.program.id]));
  expect(new Set(branches.map(({ group }) => group)).size).toBe(1);
  expect(branches.map(({ groupSize }) => groupSize)).toEqual([3, 3, 3]);
  for (const { usage } of results) expect(usage.cachedTokens).toBeGreaterThanOrEqual(session.tokens.length);
  expect(session.messages).toHaveLength(3); // the trunk is as it was
});

test('parallel: two groups of branches are two groups', async () => {
  const { session, native } = trunkOf(() => 'ok');
  await parallel(session, [ask('a')]);
  await parallel(session, [ask('b')]);
  const [first, second] = native.requests.map(({ group }) => group);
  expect(first).not.toBe(second);
});

test('parallel: the first failure cancels the others, which have ended when it rejects', async () => {
  const { session, native } = trunkOf(() => ENDLESS);
  const fails = async () => {
    await turn();
    throw new Error('this branch');
  };
  let seen: AbortSignal | undefined;
  const watches = async (_fork: unknown, { signal }: { signal: AbortSignal }) => {
    seen = signal;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };
  await expect(parallel(session, [ask('a'), fails, ask('b'), watches])).rejects.toThrow('this branch');
  expect(seen?.aborted).toBe(true);
  await expectQuiet(native);
  expect(native.cancelled).toHaveLength(2);
});

test('parallel: an abort cancels all, also tasks that ignore their signal', async () => {
  const { session, native } = trunkOf(() => ENDLESS);
  const stop = new AbortController();
  const running = parallel(session, [ask('a'), async (fork) => fork.generate('b')], { signal: stop.signal });
  await turn();
  stop.abort(new Error('enough'));
  const error = await errorOf(() => running);
  expect(error).toMatchObject({ code: 'ABORTED', cause: stop.signal.reason });
  await expectQuiet(native);
});

test('parallel: at most so many at a time, an aborted signal begins none', async () => {
  let running = 0;
  let most = 0;
  const { session, native } = trunkOf(() => 'ok');
  const tasks = Array.from({ length: 7 }, (_, index) => async () => {
    most = Math.max(most, ++running);
    await turn();
    running--;
    return index;
  });
  expect(await parallel(session, tasks, { atOnce: 2 })).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(most).toBe(2);
  expect(await codeOf(() => parallel(session, [ask('a')], { signal: AbortSignal.abort() }))).toBe('ABORTED');
  expect(native.requests).toHaveLength(0);
  expect(await parallel(session, [])).toEqual([]);
});

test('best of n: the highest score, seeds apart, the others closed', async () => {
  const { session, native } = trunkOf((_prompt, { sampling }) => 'x'.repeat(Math.max(0, sampling.seed) % 7));
  const best = await bestOf(session, 'go', { n: 5, turn: { seed: 3 }, score: ({ text }) => text.length });
  expect(best).toMatchObject({ index: 3, score: 6, cancelled: 0 });
  expect(native.requests.map(({ sampling }) => sampling.seed)).toEqual([3, 4, 5, 6, 7]);
  const seeded = trunkOf(() => 'x', { seed: 8 });
  await bestOf(seeded.session, 'go', { n: 3 });
  expect(seeded.native.requests.map(({ sampling }) => sampling.seed)).toEqual([8, 9, 10]);
  expect(best.candidates.map(({ score }) => score)).toEqual([3, 4, 5, 6, 0]);
  await best.session.generate('and then?');
  expect(best.session.messages).toHaveLength(5);
  expect(session.messages).toHaveLength(1);
});

test('best of n: the first good enough answer cancels the others', async () => {
  const { session, native } = trunkOf((_prompt, { sampling }) => (sampling.seed === 2 ? 'good' : ENDLESS));
  const score = ({ text }: GenerationResult) => (text === 'good' ? 1 : 0);
  const best = await bestOf(session, 'go', { n: 4, turn: { seed: 0 }, score, enough: 1 });
  expect(best).toMatchObject({ index: 2, cancelled: 3 });
  await expectQuiet(native);
  expect(native.cancelled).toHaveLength(3);
});

test('best of n: votes, over as soon as they are decided', async () => {
  const says = ['4', '5', '4', '4'];
  const { session, native } = trunkOf((_prompt, { sampling }) => says[sampling.seed] ?? ENDLESS);
  const vote = ({ text }: GenerationResult) => text;
  const best = await bestOf(session, '2 + 2?', { n: 5, turn: { seed: 0 }, vote });
  expect(best.answer.text).toBe('4');
  expect(best.score).toBe(3);
  expect(best.cancelled).toBe(1);
  await expectQuiet(native);
});

test('best of n: without a judge the likeliest answer', async () => {
  const { session, native } = trunkOf(() => 'ok');
  await bestOf(session, 'go', { n: 2 });
  expect(native.requests.map(({ sampling }) => sampling.logprobs)).toEqual([1, 1]);
});

test('best of n: what cannot be judged is an error, and no branch stays', async () => {
  const { session, native } = trunkOf(() => 'ok');
  const go = (options: object) => errorOf(() => bestOf(session, 'go', options));
  expect(await go({ score: () => Number.NaN })).toMatchObject({ code: 'INVALID_OPTION', field: 'score' });
  expect(await go({ vote: () => 7 })).toMatchObject({ code: 'INVALID_OPTION', field: 'vote' });
  expect(await go({ score: () => 1, vote: () => '' })).toMatchObject({ field: 'vote' });
  expect(await go({ n: 0 })).toMatchObject({ field: 'n' });
  expect(await go({ turn: { signal: AbortSignal.abort() } })).toMatchObject({ field: 'turn.signal' });
  expect(await codeOf(() => bestOf({} as typeof session, 'go'))).toBe('INVALID_OPTION');
  await expect(
    bestOf(session, 'go', {
      score: () => {
        throw new TypeError('mine');
      },
    }),
  ).rejects.toThrow('mine');
  await expectQuiet(native);
});

test('map-reduce: items side by side, then the session itself', async () => {
  const { session } = trunkOf((prompt) => `<${asked(prompt)}>`.replace(/[<>]/g, ''));
  const { parts, answer } = await mapReduce(session, ['x', 'y'], {
    map: (item) => `read ${item}`,
    reduce: (found) => found.map(({ text }) => text).join(' & '),
  });
  expect(parts.map(({ text }) => text)).toEqual(['read x', 'read y']);
  expect(answer.text).toBe('read x & read y');
  expect(session.messages).toHaveLength(3);
  expect(await codeOf(() => mapReduce(session, [], {} as never))).toBe('INVALID_OPTION');
});
