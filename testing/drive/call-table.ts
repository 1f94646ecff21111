import type { NativeSimCalls } from '../../src/native/simulation.js';

/** A row a call of a workload, as far as a real engine tells it; columns, units and states are the simulator's. */
export interface CallTable extends Pick<NativeSimCalls, 'state' | 'dueUs' | 'admittedUs' | 'firstTokenUs' | 'endedUs'> {
  promptTokens: Int32Array;
  cachedTokens: Int32Array;
  outputTokens: Int32Array;
  /** By call: milliseconds between its tokens, as they arrived. */
  gapsMs: number[][];
}

export function emptyTable(calls: number): CallTable {
  const times = () => new Float64Array(calls);
  const counts = () => new Int32Array(calls);
  return {
    state: new Uint8Array(calls),
    ...{ dueUs: times(), admittedUs: times(), firstTokenUs: times(), endedUs: times() },
    ...{ promptTokens: counts(), cachedTokens: counts(), outputTokens: counts() },
    gapsMs: Array.from({ length: calls }, () => []),
  };
}
