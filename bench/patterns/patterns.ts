import { describe, findModel } from '../models.js';
import { publish, type Report, setup } from '../report.js';
import { benchDoctor } from './doctor.js';
import { measureShapes } from './measure-shapes.js';
import { benchMisses } from './misses.js';
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
  shapes: ({ path, only, ...command }) => measureShapes(path, only, command),
};

/** Parts of the benchmark of the agent layer. */
export const PATTERN_PARTS = Object.keys(MEASURED);

export const DEFAULT_MODEL = '25m';

/** The agent layer in parts: shapes of agents and branches against one call at a time, tools, guesses, tiers, the doctor. */
export async function benchPatterns(command: PatternsCommand): Promise<void> {
  const { parts, model, runs, threads, typed } = command;
  const path = await findModel(model);
  if (path === undefined) throw new RangeError(`the model ${model} is not on this machine`);
  const reports: Pick<Report, 'findings' | 'tables'>[] = [];
  for (const part of parts) {
    const measure = MEASURED[part];
    if (!measure) throw new RangeError(`no part ${part}; there are ${PATTERN_PARTS.join(', ')}`);
    reports.push(await measure({ ...command, path }));
  }
  publish(model === DEFAULT_MODEL ? 'patterns' : `patterns-${model}`, typed, {
    findings: reports.flatMap(({ findings }) => findings),
    tables: reports.flatMap(({ tables }) => tables),
    setup: setup(describe(model), threads, runs),
  });
}
