import type { Command } from 'commander';
import type { EngineOptions } from '../../engine/engine-options.js';
import { invalidOption } from '../../kit/option-checks.js';
import { WORKERS, type WorkersOptions } from '../../workers/workers-options.js';
import { optionFlag } from '../flags/option-flag.js';

export interface WorkersFlags {
  workers?: number;
  devices?: string;
}

/** Flags of the command that may serve engines in processes of their own. */
export function withWorkersFlags(command: Command): Command {
  return command
    .addOption(
      optionFlag(
        WORKERS,
        'count',
        '--workers <n>',
        'engines in processes of their own, one a NUMA node or GPU; --threads is of each',
      ),
    )
    .option('--devices <list>', 'GPUs of the workers, one each, with spaces or semicolons between them: "0;1"');
}

/** The workers that are asked for; undefined: none are. Throws INVALID_OPTION. */
export function workersOf(
  { workers: count, devices: list }: WorkersFlags,
  engine: EngineOptions,
  several: boolean,
): WorkersOptions | undefined {
  const devices = list?.split(/[\s;]+/).filter(Boolean);
  if (count === undefined && !devices) return undefined;
  if (several) throw invalidOption('workers', 'left out with several models: workers run one', count ?? list);
  return { ...engine, count, devices };
}
