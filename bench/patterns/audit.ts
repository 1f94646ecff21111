import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog, verifyAudit } from '../../src/index.js';
import { median, quantile } from '../../testing/statistics.js';
import type { Measured } from '../report.js';
import { costOfStep } from './scripted-run.js';

const STEPS = 16;
/** Runs of each kind, by turns, and those before them: what is compiled meanwhile. */
const [ROUNDS, WARM] = [20, 5];
/** Calls of tools in a step: what a step costs more with many is theirs. */
const [FEW, MANY] = [1, 7];
const ENTRIES = 10_000;

/** What it costs to keep the record of calls, and to check one that is long. */
export async function benchAudit(): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-audit-'));
  try {
    const log = await AuditLog.open(join(folder, 'calls.jsonl'));
    const kinds = [FEW, MANY].flatMap((calls) => [
      { calls, audit: undefined, cpu: [] as number[] },
      { calls, audit: log, cpu: [] as number[] },
    ]);
    for (let round = 0; round < WARM + ROUNDS; round++)
      for (const { calls, audit, cpu } of round % 2 === 0 ? kinds : [...kinds].reverse()) {
        const cost = await costOfStep({ steps: STEPS, calls, audit });
        if (round >= WARM) cpu.push(cost.cpu);
      }
    const { lost } = log.stats;
    await log.close();
    if (lost > 0) throw new Error(`${lost} entries were lost`);
    const [few = 0, fewLogged = 0, many = 0, manyLogged = 0] = kinds.map(({ cpu }) => median(cpu));
    // The last step of a run calls nothing.
    const perCall = (cheap: number, dear: number) => ((dear - cheap) * STEPS) / ((STEPS - 1) * (MANY - FEW));
    const tool = { off: perCall(few, many), on: perCall(fewLogged, manyLogged) };
    const share = (FEW * (STEPS - 1)) / STEPS;
    const model = { off: few - share * tool.off, on: fewLogged - share * tool.on };
    const verified = await verifyLong(join(folder, 'long.jsonl'));
    return {
      findings: [
        `an audit log costs ${(model.on - model.off).toFixed(0)} µs of CPU time a call of the model and ${(tool.on - tool.off).toFixed(0)} a call of a tool, ` +
          `the writing to disk among it; a log of ${ENTRIES} entries is verified in ${verified.checkedMs.toFixed(0)} ms`,
      ],
      tables: [
        {
          title: `audit: ${ROUNDS} runs of ${STEPS} steps by turns, a model that takes no time, CPU µs`,
          columns: ['what', 'no log', 'log', 'more', 'quartiles of a step with a log'],
          rows: [
            [`a step with ${FEW} call`, few, fewLogged, fewLogged - few, quartiles(kinds[1]?.cpu ?? [])],
            [`a step with ${MANY} calls`, many, manyLogged, manyLogged - many, quartiles(kinds[3]?.cpu ?? [])],
            ['of it, a call of the model', model.off, model.on, model.on - model.off, ''],
            ['of it, a call of a tool with its result', tool.off, tool.on, tool.on - tool.off, ''],
          ],
        },
        {
          title: `audit: a log of ${ENTRIES} entries, medians of ${ROUNDS}`,
          columns: ['written ms (once)', 'verified ms', 'µs an entry'],
          rows: [[verified.writtenMs, verified.checkedMs, (verified.checkedMs * 1_000) / ENTRIES]],
        },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const quartiles = (sample: readonly number[]) =>
  [0.25, 0.75].map((share) => quantile(sample, share).toFixed(0)).join(' to ');

/** Milliseconds to write a long log of results of tools, the disk waited for, and to verify it. */
async function verifyLong(path: string): Promise<{ writtenMs: number; checkedMs: number }> {
  const started = performance.now();
  const log = await AuditLog.open(path);
  const owner = { tenant: 'acme', run: 'run 1', tool: 'look', ok: true, ms: 12 };
  // The log's own first entry and its last one are two of them.
  for (let n = 2; n < ENTRIES; n++)
    log.record({ type: 'result', ...owner, step: n, callId: `c${n}`, result: log.text(`result ${n}`) });
  await log.close();
  const writtenMs = performance.now() - started;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const { ok, entries, lost } = await verifyAudit(path);
    times.push(performance.now() - began);
    if (!ok || entries !== ENTRIES || lost > 0) throw new Error(`${entries} entries are whole, ${lost} were lost`);
  }
  return { writtenMs, checkedMs: median(times) };
}
