/**
 * The scheduling policy, field by field as in native/core/policy/policy.h, which says what each means and has the defaults: what
 * is left out keeps its default. Times are microseconds (Infinity: never), shares thousandths.
 */
export interface NativePolicy {
  batching?: 'continuous' | 'dynamic' | 'static';
  groupSize?: number;
  maxWait?: number;
  fixedWait?: number;
  order?: 'program-aware' | 'fcfs';
  eviction?: 'typed' | 'lru';
  coalesce?: PerClass;
  age?: PerClass;
  stepTarget?: PerClass;
  longestStep?: number;
  tile?: number;
  minPrefill?: number;
  coldShare?: number;
  alert?: number;
  alertSteps?: number;
  high?: number;
  low?: number;
  tick?: number;
  windowStart?: number;
  windowAdd?: number;
  windowKeep?: number;
  useLow?: number;
  useHigh?: number;
  hitLow?: number;
  returnWithin?: number;
  levelEdges?: [number, number, number];
  starving?: number;
  overdue?: number;
  quantum?: number;
  localityWindow?: number;
  localitySpan?: number;
  maxBypass?: number;
  keepUnknown?: number;
  toolSamples?: number;
  nextStep?: number;
  computeAhead?: boolean;
  /** Given: not measured at load. All zero: nothing is limited by time. */
  cost?: NativeCost;
  refit?: boolean;
}

/** Interactive, workflow, background. */
export type PerClass = [number, number, number];

/** What steps cost, in picoseconds: see native/core/costs/cost-model.h. */
export interface NativeCost {
  step?: number;
  prefill?: number;
  pair?: number;
  context?: number;
  decode?: number;
  state?: number;
}
