import { runComparison } from '../compare/command.js';
import { describe, findModel } from '../models.js';
import { publish, type Report, setup } from '../report.js';
import type { PartOptions } from './directory.js';
import { failingDisk } from './failing-disk.js';
import { nothingShared } from './nothing-shared.js';
import { restart, restartRecurrent } from './restart.js';
import { twoProcesses } from './two-processes.js';

type Part = (options: PartOptions) => Promise<Pick<Report, 'findings' | 'tables'>>;

/** Of models of its own. */
const RECURRENT = 'restart-recurrent';
const MEASURED: Record<string, Part> = {
  restart,
  [RECURRENT]: restartRecurrent,
  'nothing-shared': nothingShared,
  'two-processes': twoProcesses,
  'failing-disk': failingDisk,
};
const OVERCOMMIT = 'overcommit';

/** Parts of the benchmark of the disk cache; each has a report of its own. */
export const PARTS = [...Object.keys(MEASURED), OVERCOMMIT];

export const DEFAULT_MODEL = '60m';

export interface TiersCommand {
  parts: readonly string[];
  /** Of bench/models.ts, or a file. */
  model: string;
  runs: number;
  threads: number;
  minutes: number;
  /** As it was typed, for the report. */
  typed: string;
}

/** Measures the parts, one after the other. Throws RangeError for a part or a model that there is none of. */
export async function benchTiers({ parts, model, typed, ...options }: TiersCommand): Promise<void> {
  const path = await findModel(model);
  if (path === undefined) throw new RangeError(`the model ${model} is not on this machine`);
  for (const part of parts) {
    const measure = MEASURED[part];
    if (measure) {
      const report = await measure({ ...options, model: path });
      const of = part === RECURRENT ? 'of the table, see bench/models.ts' : describe(model);
      // Another model's report stands beside that of the default.
      const suffix = model === DEFAULT_MODEL || part === RECURRENT ? '' : `-${model.replace(/[^\w.-]+/g, '_')}`;
      publish(`tiers-${part}${suffix}`, typed, { ...report, setup: setup(of, options.threads, options.runs) });
    } else if (part === OVERCOMMIT) await overcommit(model, typed, options);
    else throw new RangeError(`no part ${part}; there are ${PARTS.join(', ')}`);
  }
}

/** Agents that mostly wait, in a pool too small for them, against llama-server with 8 GiB beside its context. */
function overcommit(model: string, typed: string, { runs, threads, minutes }: Omit<PartOptions, 'model'>) {
  const systems = ['banyan-disk', 'banyan', 'llama-server'];
  const asked = { cases: ['T5'], systems, model, runs, threads, minutes: Math.max(minutes, 4) };
  return runComparison({ ...asked, name: 'tiers-overcommit', typed });
}
