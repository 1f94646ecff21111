import { expect, test } from 'vitest';
import type { NativeHint } from '../../src/native/binding.js';
import type { NativePolicy } from '../../src/native/policy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { TestEngine } from '../../testing/engine/test-engine.js';

const FCFS_LRU: NativePolicy = { order: 'fcfs', eviction: 'lru' };
const hint = (kind: NativeHint['kind'], tool = '', expectedMs = 0): NativeHint => ({
  ...{ kind, tool, expectedMs, salt: '', tokens: new Int32Array(0), steps: 1, from: 0 },
});

/** An agent that waits for a tool, one that has finished, and then one that needs more pages than are free. */
async function returnOf(policy: NativePolicy) {
  const engine = await TestEngine.open({}, { kvTokens: 1024, policy });
  const waiting = randomPrompt('waiting', 320);
  const first = await engine.run(waiting, { program: 1, maxTokens: 8 });
  engine.native.hint(1, hint('tool-started', 'search', 2_000));
  await engine.run(randomPrompt('finished', 320), { program: 2, maxTokens: 8 });
  engine.native.hint(2, hint('finished'));
  await engine.run(randomPrompt('newcomer', 500), { program: 3, maxTokens: 8 });
  engine.native.hint(1, hint('tool-ended', 'search'));
  const prompt = [...waiting, ...first.tokens, ...randomPrompt('result', 20)];
  const { usage } = await engine.run(prompt, { program: 1, maxTokens: 8 });
  await engine.verifyIdle();
  await engine.close();
  return prompt.length - (usage?.cachedTokens ?? 0);
}

test('pages of a finished program go before those of one that waits for its tool', async () => {
  const NEW = 21; // the result, and the last token of the answer, which was never computed
  expect(await returnOf({})).toBe(NEW);
  expect(await returnOf(FCFS_LRU)).toBeGreaterThan(NEW);
});

/** W7: turns of a main agent, with sub-agents of other instructions between them; what it must compute again. */
async function mainAgent(policy: NativePolicy): Promise<number> {
  const engine = await TestEngine.open({}, { kvTokens: 1536, policy });
  const context = randomPrompt('main', 600);
  let again = 0;
  let child = 100;
  for (let turn = 0; turn < 4; turn++) {
    context.push(...randomPrompt(`main ${turn}`, 40));
    const { usage, tokens } = await engine.run(context, { program: 1, maxTokens: 8 });
    if (turn > 0) again += context.length - 41 - (usage?.cachedTokens ?? 0);
    context.push(...tokens);
    engine.native.hint(1, hint('tool-started', 'delegate'));
    for (const kind of [0, 1, 2]) {
      child++;
      await engine.run([...randomPrompt(`child ${kind}`, 300), ...randomPrompt(child, 100)], {
        program: child,
        maxTokens: 8,
      });
      engine.native.hint(child, hint('finished'));
    }
    engine.native.hint(1, hint('tool-ended', 'delegate'));
  }
  await engine.verifyIdle();
  await engine.close();
  return again;
}

test('a main agent computes nothing again after its sub-agents ran, where memory allows', async () => {
  expect(await mainAgent({})).toBe(0);
  expect(await mainAgent(FCFS_LRU)).toBeGreaterThan(0);
});

test('hints of unknown programs and tools are taken, and change nothing', async () => {
  await using engine = await TestEngine.open();
  for (const kind of ['tool-started', 'tool-ended', 'waiting-for-human', 'finished'] as const) {
    engine.native.hint(77, hint(kind, 'never'));
  }
  engine.native.hint(78, { ...hint('next-prefix'), tokens: Int32Array.of(1, 2, 3) });
  engine.native.hint(78, { ...hint('branch-abandoned'), tokens: Int32Array.of(9) });
  expect((await engine.run([1, 2, 3])).reason).toBe('length');
  await engine.verifyIdle();
});

test.each([
  ['program', 0, hint('finished')],
  ['program', -1, hint('finished')],
  ['program', 1.5, hint('finished')],
  ['hint', 1, null],
  ['kind', 1, { ...hint('finished'), kind: 'sleeping' }],
  ['tool', 1, { ...hint('tool-started'), tool: 7 }],
  ['tool', 1, { ...hint('tool-started'), tool: 'x'.repeat(257) }],
  ['expectedMs', 1, { ...hint('tool-started'), expectedMs: Number.NaN }],
  ['expectedMs', 1, { ...hint('tool-started'), expectedMs: -1 }],
  ['tokens', 1, hint('next-prefix')],
  ['tokens', 1, { ...hint('branch-abandoned'), tokens: [1, 2] }],
  ['steps', 1, { ...hint('next-prefix'), tokens: Int32Array.of(1), steps: 0 }],
  ['from', 1, { ...hint('branch-abandoned'), tokens: Int32Array.of(1), from: -1 }],
  ['salt', 1, { ...hint('next-prefix'), tokens: Int32Array.of(1), salt: undefined }],
])('a hostile hint is an error that names %s', async (field, program, given) => {
  await using engine = await TestEngine.open();
  expect(() => engine.native.hint(program, given as NativeHint)).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', field }),
  );
  expect((await engine.run([1, 2, 3])).reason).toBe('length');
});

test.each([
  ['policy', 7],
  ['policy.order', { order: 'random' }],
  ['policy.eviction', { eviction: 3 }],
  ['policy.stepTarget', { stepTarget: [1, 2] }],
  ['policy.stepTarget[1]', { stepTarget: [1, 'x', 3] }],
  ['policy.tile', { tile: 0 }],
  ['policy.tile', { tile: 2 ** 40 }],
  ['policy.windowStart', { windowStart: 0 }],
  ['policy.cost.step', { cost: { step: 'fast' } }],
  ['policy.cost.step', { cost: { step: -1 } }],
  ['policy.refit', { refit: 1 }],
  ['policy.unknown', { unknown: 1 }],
])('a policy that cannot be run is an error that names %s', async (field, policy) => {
  await expect(TestEngine.open({}, { policy: policy as never })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field,
  });
});
