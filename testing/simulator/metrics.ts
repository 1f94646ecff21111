import {
  type NativeSimCalls,
  type NativeSimResult,
  type NativeSimWorkload,
  SIM_STATES,
} from '../../src/native/simulation.js';
import { sum } from '../statistics.js';
import { newTokens } from './ideal.js';

const FINISHED = SIM_STATES.indexOf('finished');
const CANCELLED = SIM_STATES.indexOf('cancelled');

export interface Quantiles {
  p50: number;
  p95: number;
  p99: number;
}

export interface SimMetrics {
  /** Of the virtual clock, until the last answer. */
  seconds: number;
  programs: number;
  /** Programs all of whose calls have ended as planned. */
  completed: number;
  /** From a program's first call to its last answer, tools and people included. */
  completionS: Quantiles;
  ttftMs: Quantiles;
  itlMs: Quantiles;
  waitMs: Quantiles;
  /** Answered tokens a second. */
  throughput: number;
  prefillTokens: number;
  /** Prefilled over what endless memory would prefill. */
  amplification: number;
  /** Of the prompt tokens, those found cached. */
  hitRate: number;
  preemptions: number;
  pagesEvicted: number;
  steps: number;
  scheduleUs: Quantiles;
  violations: string[];
}

export function measure(
  workload: NativeSimWorkload,
  { calls, stats, gapsUs, scheduleNs, violations }: NativeSimResult,
) {
  const completion = completions(workload, calls);
  const seconds = calls.endedUs.reduce((last, end) => Math.max(last, end), 0) / 1e6;
  const admitted = calls.promptTokens.filter((_, call) => calls.admittedUs[call]);
  const metrics: SimMetrics = {
    seconds,
    programs: workload.programs.length,
    completed: completion.length,
    completionS: quantiles(completion),
    ...latencies(calls, workload.calls.keys()),
    itlMs: scaled(quantiles(gapsUs.flatMap((list) => [...list])), 1000),
    throughput: sum(calls.outputTokens) / seconds,
    prefillTokens: stats.prefillTokens,
    amplification: stats.prefillTokens / newTokens(workload),
    hitRate: sum(calls.cachedTokens) / sum(admitted),
    preemptions: stats.preemptions,
    pagesEvicted: stats.pagesEvicted,
    steps: stats.steps,
    scheduleUs: scaled(quantiles(scheduleNs), 1000),
    violations,
  };
  return metrics;
}

/** Times of some calls. */
export function latencies(
  calls: Pick<NativeSimCalls, 'dueUs' | 'admittedUs' | 'firstTokenUs'>,
  which: Iterable<number>,
) {
  const ttft: number[] = [];
  const wait: number[] = [];
  for (const call of which) {
    const [due, admitted, first] = [calls.dueUs[call] ?? 0, calls.admittedUs[call] ?? 0, calls.firstTokenUs[call] ?? 0];
    if (first > 0) ttft.push((first - due) / 1000);
    if (admitted > 0) wait.push((admitted - due) / 1000);
  }
  return { ttftMs: quantiles(ttft), waitMs: quantiles(wait) };
}

/** Seconds from the first call to the last answer, of every program that came to its end. */
export function completions(
  workload: NativeSimWorkload,
  calls: Pick<NativeSimCalls, 'dueUs' | 'endedUs' | 'state'>,
): number[] {
  const programs = workload.programs.map(() => ({ begun: Number.POSITIVE_INFINITY, ended: 0, whole: true }));
  for (const [number, call] of workload.calls.entries()) {
    const program = programs[call.program];
    const state = calls.state[number];
    if (!program) continue;
    if (calls.dueUs[number]) program.begun = Math.min(program.begun, calls.dueUs[number] ?? 0);
    if (state === FINISHED) program.ended = Math.max(program.ended, calls.endedUs[number] ?? 0);
    else if (state !== CANCELLED) program.whole = false;
  }
  return programs.flatMap(({ begun, ended, whole }) => (whole && ended > 0 ? [(ended - begun) / 1e6] : []));
}

export function quantiles(sample: Iterable<number>): Quantiles {
  const sorted = Float64Array.from(sample).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

const scaled = ({ p50, p95, p99 }: Quantiles, by: number): Quantiles => ({
  p50: p50 / by,
  p95: p95 / by,
  p99: p99 / by,
});

/** Tokens of a call's history that had to be computed again: all but what was appended, and the last token answered. */
export function lostHistory(
  { calls }: NativeSimWorkload,
  result: { calls: Pick<NativeSimCalls, 'promptTokens' | 'cachedTokens'> },
  call: number,
): number {
  const planned = calls[call];
  if (!planned || planned.base < 0) return 0;
  const appended = planned.append.reduce((sum, n, i) => sum + (i % 2 === 1 ? n : 0), 0);
  const computed = (result.calls.promptTokens[call] ?? 0) - (result.calls.cachedTokens[call] ?? 0);
  return Math.max(0, computed - appended - 1);
}
