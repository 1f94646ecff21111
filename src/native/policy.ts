import { flag, group, number, numbers, type OptionsOf, word } from './option-kinds.js';

/** What steps cost, in picoseconds. Ranges: native/core/costs/cost-model.h. */
export const COST = {
  /** Cost of any step at all. */
  step: number('policy.cost'),
  /** Cost of a prompt token. */
  prefill: number('policy.cost'),
  /** Cost of a prompt token and one token before it, to which it attends. */
  pair: number('policy.cost'),
  /** Cost of a token of a decoding row's context. */
  context: number('policy.cost'),
  /** Cost of a decoding row. */
  decode: number('policy.cost'),
  /** Cost of a copy of the state of recurrent layers. */
  state: number('policy.cost'),
};

/**
 * The scheduling policy. native/core/policy/policy.h has the ranges and the defaults: what is left out keeps its own. Times are
 * microseconds (Infinity: never), shares thousandths. Lists: of interactive, workflow and background requests.
 */
export const POLICY = {
  /** Batching: when requests may join what runs. `dynamic` and `static` are baselines. */
  batching: word(['continuous', 'dynamic', 'static']),
  /** Requests of a group of dynamic and static batching; 0: `maxRunning`. */
  groupSize: number('policy'),
  /** Longest wait for a group of dynamic batching. */
  maxWait: number('policy'),
  /** Longest wait for a full group of static batching. */
  fixedWait: number('policy'),
  /** Order of requests. `fcfs` is the baseline: arrival only. */
  order: word(['program-aware', 'fcfs']),
  /** Order of eviction. `lru` is the baseline. */
  eviction: word(['typed', 'lru']),
  /** Wait after which a request is due. */
  coalesce: numbers('policy'),
  /** Wait that makes a request better by a class; 0: none does. */
  age: numbers('policy'),
  /** Longest step while a request of the class decodes. */
  stepTarget: numbers('policy'),
  /** Longest step with prompts, even if no request decodes. */
  longestStep: number('policy'),
  /** Tokens that the prompts' share of a step is a multiple of. */
  tile: number('policy'),
  /** Prompt tokens of a step in any case. */
  minPrefill: number('policy'),
  /** Share of a step's prompt tokens that mostly uncached prompts keep when due. */
  coldShare: number('policy'),
  /** Time after an interactive request in which prompts of worse classes get short steps. */
  alert: number('policy'),
  /** Length of those steps, in empty steps. */
  alertSteps: number('policy'),
  /** Demand of all pages above which programs are paused. */
  high: number('policy'),
  /** Demand below which paused programs may return. */
  low: number('policy'),
  /** Time between two looks at the window and the demand. */
  tick: number('policy'),
  /** Workflow and background programs that may be active at first. */
  windowStart: number('policy'),
  /** Number by which the window grows. */
  windowAdd: number('policy'),
  /** Share that is left of the window when it shrinks. */
  windowKeep: number('policy'),
  /** Demand below which the window grows. */
  useLow: number('policy'),
  /** Demand above which the window shrinks, with few hits. */
  useHigh: number('policy'),
  /** Share of hits of returning programs that counts as few. */
  hitLow: number('policy'),
  /** Time within which an idle program's tool is expected back. */
  returnWithin: number('policy'),
  /** Tokens of service at which a band of service ends. */
  levelEdges: numbers('policy'),
  /** Wait / service from which a program counts as one without service. */
  starving: number('policy'),
  /** Wait after which a request goes first in its class. */
  overdue: number('policy'),
  /** Tokens of a tenant's turn; 0: tenants are not told apart. */
  quantum: number('policy'),
  /** Requests of equal rank that are reordered by prefix; 0: none. */
  localityWindow: number('policy'),
  /** Time within which those must have arrived. */
  localitySpan: number('policy'),
  /** Smaller requests that may pass one without room. */
  maxBypass: number('policy'),
  /** Time that the pages of a program are kept that waits for an unknown tool. */
  keepUnknown: number('policy'),
  /** Durations remembered of each tool. */
  toolSamples: number('policy'),
  /** Time that a program is waited for that told its next prompt. */
  nextStep: number('policy'),
  /** Computing such prompts while no request is live. */
  computeAhead: flag(),
  /** Costs of steps. Given: not measured at load. All zero: nothing is limited by time. */
  cost: group<NativeCost>(COST),
  /** Fit of the costs to measured steps. In an engine: true, unless given. */
  refit: flag(),
};

export interface NativePolicy extends OptionsOf<typeof POLICY> {}
export interface NativeCost extends OptionsOf<typeof COST> {}

/** Of interactive, workflow and background requests. */
export type PerClass = [number, number, number];
