import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { NativeSimResult } from '../../src/native/simulation.js';
import type { TraceFinish, TraceLine, TraceSubmit } from '../../src/trace/format.js';
import { ENDING_MODEL, openEngine, RAMBLING_MODEL, tokens } from '../../testing/engine/random-engine.js';
import type { RandomModelOptions } from '../../testing/models/random-model.js';
import { readTrace, type TraceWorkload } from '../../testing/simulator/recorded-trace.js';
import { config, PAGE, simulate, stateOf } from './support/small.js';

vi.setConfig({ testTimeout: 60_000 });
const folder = mkdtempSync(join(tmpdir(), 'banyan-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the engine wrote down of `work`, line by line. */
async function record(model: RandomModelOptions, work: (engine: Engine) => Promise<unknown>): Promise<TraceLine[]> {
  await using engine = await openEngine(model, { kvTokens: 4096, pageTokens: PAGE, maxBatchTokens: 256 });
  const path = join(folder, 'trace.jsonl');
  await using recording = await engine.record(path, { overwrite: true });
  await work(engine);
  await recording.stop();
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** On as many pages, slots and tokens a step as the engine had. */
async function replay(trace: TraceWorkload): Promise<NativeSimResult> {
  const { pages = 1, maxRunning = 1, maxBatchTokens = 1 } = trace.header?.engine ?? {};
  const { programs, calls, literals } = trace;
  const result = await simulate({ programs, calls, literals }, config({ pages, maxRunning, maxBatchTokens }));
  expect(result.violations).toEqual([]);
  return result;
}

const linesOf = <T extends TraceLine>(lines: TraceLine[], type: T['type']) =>
  lines.filter((line): line is T => line.type === type);

/** What each request had and cost, in the engine and in the simulator. */
function compare(lines: TraceLine[], trace: TraceWorkload, { calls }: NativeSimResult) {
  const finishes = new Map(linesOf<TraceFinish>(lines, 'finish').map((line) => [line.request, line]));
  const submits = new Map(linesOf<TraceSubmit>(lines, 'submit').map((line) => [line.request, line]));
  return trace.requests.map((request, at) => {
    const [submit, finish] = [submits.get(request) as TraceSubmit, finishes.get(request) as TraceFinish];
    return {
      recorded: { prompt: submit.keep + submit.tokens.length, cached: finish.cached, computed: finish.computed },
      replayed: { prompt: calls.promptTokens[at], cached: calls.cachedTokens[at], computed: calls.computedTokens[at] },
    };
  });
}

/** Three agents of two tenants, turn about: their histories grow, their tools take their time. */
async function agents(engine: Engine): Promise<void> {
  const runs = [1, 2, 3].map((i) => ({
    program: engine.program(),
    tenant: i === 3 ? 'other' : undefined,
    history: [...tokens(150, 7), ...tokens(20 * i, 10 + i)],
  }));
  for (let turn = 0; turn < 4; turn++) {
    for (const [i, { program, tenant, history }] of runs.entries()) {
      if (turn > 0) program.toolEnded('search');
      const { tokens: answer } = await engine.generate(history, {
        program,
        tenant,
        maxTokens: 6 + i,
        class: 'workflow',
      });
      program.toolStarted('search', { expectedMs: 20 });
      history.push(...answer, ...tokens(30 + 10 * turn, 100 * turn + i));
    }
  }
  for (const { program } of runs) program.finished();
}

test('a recording of the real engine, replayed, finds as much cached and computes as much, call by call', async () => {
  const lines = await record(RAMBLING_MODEL, agents);
  const trace = readTrace(lines.map((line) => JSON.stringify(line)).join('\n'));
  const result = await replay(trace);
  const compared = compare(lines, trace, result);
  expect(compared.length).toBe(12);
  for (const { recorded, replayed } of compared) expect(replayed).toEqual(recorded);
  expect(compared.filter(({ recorded }) => (recorded.cached ?? 0) > 150).length).toBeGreaterThanOrEqual(9);
});

test('a conversation whose answers end by themselves replays the same way', async () => {
  const lines = await record(ENDING_MODEL, async (engine) => {
    await using session = engine.session({ system: 'You say yes or no.' });
    for (let turn = 0; turn < 4; turn++)
      await session.generate(`Question ${turn}?`, { grammar: 'root ::= "yes" | "no"' });
  });
  expect(linesOf<TraceFinish>(lines, 'finish').map(({ reason }) => reason)).toEqual(['stop', 'stop', 'stop', 'stop']);
  const trace = readTrace(lines.map((line) => JSON.stringify(line)).join('\n'));
  for (const { recorded, replayed } of compare(lines, trace, await replay(trace))) expect(replayed).toEqual(recorded);
});

test('a prompt that was computed ahead in the engine is computed ahead in the simulator', async () => {
  const lines = await record(RAMBLING_MODEL, async (engine) => {
    const program = engine.program();
    const history = tokens(100, 1);
    const { tokens: answer } = await engine.generate(history, { program, maxTokens: 6 });
    program.toolStarted('build');
    const known = [...history, ...answer, ...tokens(300, 2)];
    await program.nextPrefix(known);
    while ((await engine.explain(known)).matchedTokens < known.length);
    program.toolEnded('build');
    await engine.generate([...known, ...tokens(9, 3)], { program, maxTokens: 6 });
  });
  // This machine may have been quicker than the simulated one: there the tool takes a second longer.
  const second = linesOf<TraceSubmit>(lines, 'submit').at(-1) as TraceSubmit;
  for (const line of lines.slice(lines.indexOf(second))) if ('t' in line) line.t += 1_000_000;
  const trace = readTrace(lines.map((line) => JSON.stringify(line)).join('\n'));
  const compared = compare(lines, trace, await replay(trace));
  expect(compared[1]).toEqual({
    recorded: { prompt: 415, cached: 406, computed: 14 },
    replayed: { prompt: 415, cached: 406, computed: 14 },
  });
});

test('requests at the same time, one aborted, one refused: all that ran runs again', async () => {
  const lines = await record(RAMBLING_MODEL, async (engine) => {
    const abort = new AbortController();
    const asked = Array.from({ length: 8 }, (_, i) =>
      engine.generate([...tokens(100, 1), ...tokens(40 * i + 1, i + 2)], {
        maxTokens: 10,
        signal: i === 5 ? abort.signal : undefined,
      }),
    );
    const refused = engine.generate(tokens(3000, 99), { maxTokens: 4, ttftLimitMs: 1 });
    abort.abort();
    const outcomes = await Promise.allSettled([...asked, refused]);
    expect(outcomes.filter(({ status }) => status === 'rejected').length).toBe(2);
  });
  const trace = readTrace(lines.map((line) => JSON.stringify(line)).join('\n'));
  const result = await replay(trace);
  expect(trace.calls.map((_, at) => stateOf(result, at))).toEqual(trace.calls.map(() => 'finished'));
  expect([7, 8]).toContain(trace.calls.length); // the aborted one may have said something before
  for (const { recorded, replayed } of compare(lines, trace, result)) expect(replayed.prompt).toBe(recorded.prompt);
});
