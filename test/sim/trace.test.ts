import { expect, test } from 'vitest';
import type { NativeSimResult, NativeSimWorkload } from '../../src/native/simulation.js';
import { readTrace } from '../../testing/simulator/recorded-trace.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import { config, simulate, stateOf } from './support/small.js';

/** A simulated run of single-branch programs, written down as engine.record() writes a real one. */
function record({ programs, calls }: NativeSimWorkload, { calls: report }: NativeSimResult): string {
  let next = 0;
  const names = new Map<string, number>(); // "content/position" -> token
  const token = (content: number, i: number) => {
    const key = `${content}/${i}`;
    if (!names.has(key)) names.set(key, next++);
    return names.get(key) as number;
  };
  const lines: { t: number; line: object }[] = [];
  calls.forEach(({ program, base, append, output, after }, at) => {
    const tokens: number[] = [];
    for (let i = 0; i < append.length; i += 2)
      for (let k = 0; k < (append[i + 1] as number); k++) tokens.push(token(append[i] as number, k));
    const before = base < 0 ? undefined : calls[base];
    const keep = before ? (report.promptTokens[base] as number) + before.output : 0;
    const start = { type: 'submit', request: at + 1, program: program + 1, class: programs[program]?.class };
    const submit = {
      ...start,
      tenant: 0,
      after: (after[0] ?? -1) + 1,
      base: base + 1,
      keep,
      tokens,
      maxTokens: 0,
      cache: true,
    };
    const answer = Array.from({ length: output }, (_, k) => token(1e9 + at, k));
    const finish = { type: 'finish', request: at + 1, reason: 'stop', output: answer };
    lines.push({ t: report.dueUs[at] as number, line: submit }, { t: report.endedUs[at] as number, line: finish });
  });
  lines.sort((a, b) => a.t - b.t);
  const header = { type: 'trace', version: 1, tokens: 'ids', engine: {} };
  return [header, ...lines.map(({ t, line }) => ({ ...line, t }))].map((line) => JSON.stringify(line)).join('\n');
}

const quiet = { pages: 400, checkEvery: 0, checkCells: false, hints: false, maxBatchTokens: 512 };

test('a replayed recording decides what the recorded run decided', async () => {
  const { programs, calls } = fleet(CI, 'trace', { agents: 6, calls: 5 });
  const workload = { programs, calls, literals: [] };
  const recorded = await simulate(workload, config(quiet));
  const trace = readTrace(record(workload, recorded));
  const replayed = await simulate(trace, config(quiet));
  expect(trace.requests.length).toBe(calls.length);
  const original = (column: 'cachedTokens' | 'promptTokens' | 'computedTokens') =>
    trace.requests.map((request) => recorded.calls[column][request - 1]);
  expect([...replayed.calls.promptTokens]).toEqual(original('promptTokens'));
  expect([...replayed.calls.cachedTokens]).toEqual(original('cachedTokens'));
  expect([...replayed.calls.computedTokens]).toEqual(original('computedTokens'));
  expect(replayed.stats.steps).toBe(recorded.stats.steps);
});

const lines = (...records: object[]) => records.map((line) => JSON.stringify(line)).join('\n');
const submit = (request: number, t: number, more: object = {}) => ({
  type: 'submit',
  t,
  request,
  program: 1,
  class: 'workflow',
  tenant: 0,
  after: 0,
  base: 0,
  keep: 0,
  tokens: [1, 2, 3],
  maxTokens: 8,
  cache: true,
  ...more,
});
const finish = (request: number, t: number, more: object = {}) => ({
  type: 'finish',
  t,
  request,
  reason: 'stop',
  output: [9, 8],
  ...more,
});

test('closed replay keeps the time between an answer and the next call, open replay the time of the call', () => {
  const text = lines(
    submit(1, 1000),
    finish(1, 5000),
    { type: 'hint', t: 5100, program: 1, hint: 'tool-started', tool: 't1' },
    { type: 'weather', t: 5200 },
    submit(2, 9000, { after: 1, base: 1, keep: 5, tokens: [4] }),
    finish(2, 9900),
  );
  const [, closed] = readTrace(text).calls;
  expect(closed).toMatchObject({ after: [0], base: 0, baseTokens: 5, tool: 't1', delayUs: 4000, output: 2 });
  const [, open] = readTrace(text, 'open').calls;
  expect(open).toMatchObject({ after: [], delayUs: 8000 });
});

test('a refused request does no work, and what continues it is written out', async () => {
  const refusal = { type: 'finish', t: 20, request: 1, reason: 'error', code: 'BACKPRESSURE', output: [] };
  const again = submit(2, 500, { base: 1, keep: 2, tokens: [7] });
  const trace = readTrace(lines(submit(1, 10), refusal, again, finish(2, 900)));
  expect(trace.calls.length).toBe(1);
  expect([...(trace.literals[trace.calls[0]?.append[0] ?? 0] ?? [])]).toEqual([1, 2, 7]);
  expect(stateOf(await simulate(trace, config({ pages: 20 })), 0)).toBe('finished');
});

test('a trace that continues what it never had is refused', () => {
  expect(() => readTrace(lines(submit(2, 500, { base: 1, keep: 2 })))).toThrow('request 1');
});
