import { loadBinding } from '../../../src/native/binding.js';
import type { NativePolicy } from '../../../src/native/policy.js';
import {
  type NativeSimCall,
  type NativeSimConfig,
  type NativeSimProgram,
  type NativeSimResult,
  type NativeSimWorkload,
  SIM_STATES,
} from '../../../src/native/simulation.js';
import type { NativeClass } from '../../../src/native/vocabulary.js';

export const PAGE = 16;

/** A machine on which a step takes 1 ms, a prompt token 20 us, and a token of context 10 ns. */
export const DEVICE = {
  ...{ stepNs: 1_000_000, weightsNs: 0, tokenNs: 20_000, pairPs: 100, readPs: 10_000, rowNs: 1000 },
  stateNs: 0,
};
/** The same, as the scheduler counts: it predicts the steps of DEVICE exactly, up to rounding. */
export const COST = { step: 1e9, prefill: 2e7, pair: 100, context: 10_000, decode: 2.1e7 };

export interface SmallOptions extends Partial<Omit<NativeSimConfig, 'scheduler'>> {
  pages: number;
  maxRunning?: number;
  maxBatchTokens?: number;
  reservePercent?: number;
  /** Of recurrent layers; 0, the default: the model has none. */
  states?: number;
  policy?: NativePolicy;
}

/** Every step is checked: structures agree, every row reads its own past. */
export function config({
  pages,
  maxRunning = 8,
  maxBatchTokens = 128,
  reservePercent = 10,
  states = 0,
  policy = {},
  ...more
}: SmallOptions): NativeSimConfig {
  return {
    scheduler: {
      pages,
      pageTokens: PAGE,
      maxRunning,
      maxBatchTokens,
      maxContext: 0,
      reservePercent,
      states,
      prefixCache: true,
      policy: { cost: COST, ...policy },
    },
    device: DEVICE,
    untilUs: 0,
    sampleEveryUs: 0,
    checkEvery: 1,
    checkCells: true,
    failEvery: 0,
    hints: true,
    log: 'rows',
    ...more,
  };
}

export function program(cls: NativeClass = 'workflow', more: Partial<NativeSimProgram> = {}): NativeSimProgram {
  return { tenant: 0, salt: 0, class: cls, arrivalUs: 0, ttftLimitUs: 0, abortUs: 0, ...more };
}

export function call(of: number, append: number[], output: number, more: Partial<NativeSimCall> = {}): NativeSimCall {
  return {
    program: of,
    after: [],
    need: 0,
    base: -1,
    baseTokens: -1,
    append,
    output,
    outputContent: 0,
    tool: '',
    delayUs: 0,
    staticTokens: 0,
    knownTokens: 0,
    group: 0,
    groupSize: 0,
    ...more,
  };
}

export const simulate = (workload: NativeSimWorkload, given: NativeSimConfig): Promise<NativeSimResult> =>
  loadBinding().simulate(workload, given);

export const stateOf = ({ calls }: NativeSimResult, at: number) => SIM_STATES[calls.state[at] as number];
