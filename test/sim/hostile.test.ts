import { expect, test } from 'vitest';
import type { NativeSimConfig, NativeSimWorkload } from '../../src/native/simulation.js';
import { call, config, program, simulate, stateOf } from './support/small.js';

const workload = (change: object = {}): NativeSimWorkload => ({
  programs: [program()],
  calls: [call(0, [1, 10], 3), call(0, [2, 5], 3, { after: [0], base: 0, ...change })],
  literals: [],
});

async function field(given: unknown, settings: unknown = config({ pages: 40 })): Promise<string> {
  const error = await simulate(given as NativeSimWorkload, settings as NativeSimConfig).then(
    () => undefined,
    (error: Error & { code?: string; field?: string }) => error,
  );
  expect(error).toMatchObject({ code: 'INVALID_OPTION' });
  return error?.field ?? '';
}

test.each<[string, object]>([
  ['calls[1].program', { program: 1 }],
  ['calls[1].program', { program: -1 }],
  ['calls[1].program', { program: 0.5 }],
  ['calls[1].after', { after: [1] }],
  ['calls[1].after', { after: 'x' }],
  ['calls[1].after', { after: { length: 2 } }],
  ['after[0]', { after: [Number.NaN] }],
  ['calls[1].need', { need: 2 }],
  ['calls[1].base', { base: 1 }],
  ['calls[1].baseTokens', { baseTokens: 14 }],
  ['calls[1].append', { append: [1] }],
  ['calls[1].append', { append: [1, 2 ** 40] }],
  ['append[0]', { append: [-1, 5] }],
  ['calls[1].prompt', { append: [1, 2 ** 30] }],
  ['calls[1].output', { output: 0 }],
  ['calls[1].output', { output: 2 ** 30 }],
  ['calls[1].tool', { tool: 7 }],
  ['calls[1].tool', { tool: 'x'.repeat(300) }],
  ['calls[1].delayUs', { delayUs: Number.POSITIVE_INFINITY }],
])('a wrong %s is named', async (name, change) => {
  expect(await field(workload(change))).toContain(name.replace(/^calls\[1\]\./, ''));
});

test.each<[string, unknown]>([
  ['workload', null],
  ['workload', []],
  ['programs', { programs: 5, calls: [], literals: [] }],
  ['programs[0]', { programs: [5], calls: [], literals: [] }],
  ['programs[0].class', { programs: [{ ...program(), class: 'vip' }], calls: [], literals: [] }],
  ['literals[0]', { programs: [], calls: [], literals: [[1, 2]] }],
])('a wrong %s is named', async (name, given) => {
  expect(await field(given)).toBe(name);
});

test.each<[string, object]>([
  ['config', []],
  ['scheduler', { scheduler: 1 }],
  ['scheduler.pages', { scheduler: { ...config({ pages: 1 }).scheduler, pages: 0 } }],
  ['scheduler.pages', { scheduler: { ...config({ pages: 2 ** 24 }).scheduler, pageTokens: 256 } }],
  ['scheduler.policy.tick', { scheduler: { ...config({ pages: 1 }).scheduler, policy: { tick: 'soon' } } }],
  [
    'scheduler.policy.stepTarget',
    { scheduler: { ...config({ pages: 1 }).scheduler, policy: { stepTarget: [-1, 0, 0] } } },
  ],
  ['device.tokenNs', { device: { ...config({ pages: 1 }).device, tokenNs: -1 } }],
  ['log', { log: 'all' }],
  ['checkCells', { checkCells: 1 }],
])('a wrong %s is named', async (name, change) => {
  const given = Array.isArray(change) ? change : { ...config({ pages: 40 }), ...change };
  expect(await field(workload(), given)).toContain(name);
});

test('a getter that throws rejects with what it threw', async () => {
  const given = {
    ...workload(),
    get calls(): never {
      throw new RangeError('mine');
    },
  };
  await expect(simulate(given, config({ pages: 40 }))).rejects.toThrow('mine');
});

test('an empty workload ends at once; a prompt beyond the pool is rejected and nothing hangs', async () => {
  const nothing = await simulate({ programs: [], calls: [], literals: [] }, config({ pages: 1 }));
  expect(nothing.stats.steps).toBe(0);
  const result = await simulate(
    { programs: [program()], calls: [call(0, [1, 1000], 5)], literals: [] },
    config({ pages: 4 }),
  );
  expect(stateOf(result, 0)).toBe('rejected');
});

test('a simulation of nothing but waiting ends', async () => {
  const patient = { ...workload({ tool: 'human', delayUs: 2 ** 49 }) };
  const result = await simulate(patient, config({ pages: 40 }));
  expect(stateOf(result, 1)).toBe('finished');
});
