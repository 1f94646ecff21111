import { describe, findModel } from '../models.js';
import { publish, type Report, setup } from '../report.js';
import { AGENT_SHAPES, SMALLER_AGENT_SHAPES } from './agents.js';
import { benchAudit } from './audit.js';
import { benchDoctor } from './doctor.js';
import { benchJournals } from './journals.js';
import { measureShapes } from './measure-shapes.js';
import { benchMemo } from './memo.js';
import { benchMisses } from './misses.js';
import { benchOverflow } from './overflow.js';
import { SHAPES } from './shapes.js';
import { benchTiers } from './tiers.js';
import { benchTools } from './tools.js';

export interface PatternsCommand {
  runs: number;
  threads: number;
  parts: readonly string[];
  /** Of bench/models.ts, or a file: what the shapes run on. */
  model: string;
  /** Shapes whose names hold it. */
  only: string;
  /** As it was typed, for the report. */
  typed: string;
}

type Part = (command: PatternsCommand & { path: string }) => Promise<Pick<Report, 'findings' | 'tables'>>;

const MEASURED: Record<string, Part> = {
  tools: benchTools,
  misses: ({ threads }) => benchMisses(threads),
  tiers: ({ threads }) => benchTiers(threads),
  doctor: ({ threads }) => benchDoctor(threads),
  memo: ({ threads }) => benchMemo(threads),
  overflow: ({ threads }) => benchOverflow(threads),
  journals: ({ threads }) => benchJournals(threads),
  audit: benchAudit,
  shapes: ({ path, only, ...command }) =>
    measureShapes(path, [...AGENT_SHAPES, ...SHAPES].filter(named(only)), command),
  trained: benchTrained,
};

const named =
  (only: string) =>
  ({ name }: { name: string }) =>
    name.includes(only);

const TRAINED = 'smollm2';

/** The agents of W1, W2 and W7 on a trained model, where what it says does not matter: once, as that takes minutes. */
async function benchTrained({ only, threads }: PatternsCommand): Promise<Pick<Report, 'findings' | 'tables'>> {
  const path = await findModel(TRAINED);
  if (path === undefined)
    return { findings: [`${describe(TRAINED)}: not measured, it is not on this machine`], tables: [] };
  const shapes = SMALLER_AGENT_SHAPES.filter(named(only)).map(({ name, run }) => ({
    name: `${name}, on SmolLM2`,
    run,
  }));
  return measureShapes(path, shapes, { runs: 1, threads });
}

/** Parts of the benchmark of the agent layer. */
export const PATTERN_PARTS = Object.keys(MEASURED);

export const DEFAULT_MODEL = '25m';

/** All parts are one report, `patterns`; less than that has names of its own, so that no part is lost from it. */
function reportName({ parts, model, only }: PatternsCommand): string {
  const whole = PATTERN_PARTS.every((part) => parts.includes(part)) && only === '';
  const less = whole ? [] : [...parts, ...(only === '' ? [] : [only])];
  return ['patterns', ...less, ...(model === DEFAULT_MODEL ? [] : [model])].join('-').replace(/[^\w.-]+/g, '_');
}

/** The agent layer in parts: shapes of agents and branches against one call at a time, tools, guesses, tiers, the doctor,
 * answers known again, conversations that outgrow their window, runs on record, audit. */
export async function benchPatterns(command: PatternsCommand): Promise<void> {
  const { parts, model, runs, threads, typed } = command;
  const path = await findModel(model);
  if (path === undefined) throw new RangeError(`the model ${model} is not on this machine`);
  const unknown = parts.find((part) => !MEASURED[part]);
  if (unknown !== undefined) throw new RangeError(`no part ${unknown}; there are ${PATTERN_PARTS.join(', ')}`);
  const reports: Pick<Report, 'findings' | 'tables'>[] = [];
  for (const part of parts) {
    const began = performance.now();
    const report = await (MEASURED[part] as Part)({ ...command, path });
    reports.push(report);
    console.error(`${part}: ${((performance.now() - began) / 1_000).toFixed(0)} s`);
    for (const finding of report.findings) console.error(`  ${finding}`);
  }
  publish(reportName(command), typed, {
    findings: reports.flatMap(({ findings }) => findings),
    tables: reports.flatMap(({ tables }) => tables),
    setup: {
      ...setup(describe(model), threads, runs),
      ...(parts.includes('trained') && { 'trained model': `${describe(TRAINED)}, each measured once` }),
    },
  });
}
