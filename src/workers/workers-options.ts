import { availableParallelism } from 'node:os';
import { ENGINE, type EngineOptions } from '../engine/engine-options.js';
import { complete } from '../kit/complete-options.js';
import { checkName, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { number, type OptionsOf, other, text } from '../native/option-kinds.js';
import { REMOTE } from '../remote/remote-options.js';
import type { Care } from './supervised.js';

const MILLIS = { min: 0, max: 86_400_000, whole: true };
/** Of a pool, where nothing is said: pools that each took what memory is free would be too large together. */
const KV_TOKENS = 16_384;

/** What workers have beside the options of their engines. */
export const CARE = {
  /** Workers, 1 to 16. Default: one a device, else one a list of CPUs, else 1. */
  count: number({ min: 1, max: 16, whole: true }),
  /** GPUs, one a worker, each as CUDA_VISIBLE_DEVICES has it: `0`, or several for one worker, `0,1`. Default: all see all. */
  devices: other<readonly string[]>('a list of names of devices', readTexts),
  /**
   * CPUs, a list a worker, as taskset has them: `0-15`. Default: a NUMA node a worker where there are as many; else all, and each
   * worker has its part of the threads.
   */
  cpus: other<readonly string[]>('a list of lists of CPUs', readTexts),
  /** Milliseconds until a worker that ended is started again, 0 to 86,400,000; twice as many each time in a row, 16 times at most. Default 200. */
  restartMs: number(MILLIS, 200),
  /** Ends of a worker in a row, without an answer between two of them, after which it is given up, 1 to 1,000. Default 5. */
  mostEnds: number({ min: 1, max: 1_000, whole: true }, 5),
  /** Milliseconds that answers under way get to end when workers are closed, 0 to 86,400,000. Default 30,000. */
  drainMs: number(MILLIS, 30_000),
  /** Secret by which tenants' names become salts: the same one finds in the next process what the disk cache holds. Default: random. */
  tenantSecret: text(),
  /** Milliseconds between two tokens after which a stream counts as broken, 1 to 86,400,000. Default 30,000. */
  idleMs: REMOTE.idleMs,
  /** Milliseconds to the first token after which a try counts as failed, 1 to 86,400,000. Default 600,000. */
  firstTokenMs: REMOTE.firstTokenMs,
};

/** The table of WorkersOptions. */
export const WORKERS = { ...ENGINE, ...CARE };

/** Options of Workers.start(): those of `Engine.load()`, and how many there are and how they are kept alive. */
export interface WorkersOptions extends EngineOptions, OptionsOf<typeof CARE> {}

/** What is asked of workers. */
export interface WorkersSetup {
  readonly count: number;
  readonly devices: readonly string[] | undefined;
  readonly cpus: readonly string[] | undefined;
  /** Of each worker's own engine; its model is found once, by the process that starts them. */
  readonly engine: Omit<EngineOptions, 'onProgress' | 'signal'>;
  readonly care: Care;
  readonly options: OptionsOf<typeof WORKERS>;
}

/** Throws INVALID_OPTION. */
export function readWorkersOptions(given: WorkersOptions): WorkersSetup {
  const options = readTable('options', given, WORKERS);
  const { devices, cpus } = options;
  const count = options.count ?? devices?.length ?? cpus?.length ?? 1;
  const { restartMs, mostEnds, drainMs } = complete(CARE, options);
  const names = Object.keys(ENGINE).filter((name) => name !== 'onProgress' && name !== 'signal');
  const own = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => names.includes(name) && value !== undefined),
  ) as WorkersSetup['engine'];
  const shared = count > 1 && !devices;
  const threads = shared && !cpus ? Math.max(1, Math.floor(availableParallelism() / count)) : undefined;
  const engine = {
    ...(threads !== undefined && options.model !== undefined && { threads }),
    ...(shared && { kvTokens: KV_TOKENS }),
    ...own,
  };
  return { count, devices, cpus, engine, care: { restartMs, mostEnds, drainMs }, options };
}

function readTexts(field: string, value: unknown): readonly string[] {
  const list = readList(field, value as readonly string[], 'a list of texts');
  if (list.length < 1 || list.length > 16) throw invalidOption(field, 'a list of 1 to 16', value);
  return list.map((one, at) => {
    if (checkName(`${field}[${at}]`, one) === '' || !/^[\w,:.-]+$/.test(one) || one.startsWith('-'))
      throw invalidOption(`${field}[${at}]`, 'numbers, commas and dashes', one);
    return one;
  });
}
