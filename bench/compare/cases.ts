import type { NativeSimWorkload } from '../../src/native/simulation.js';
import type { Driven } from '../../testing/drive/drive.js';
import { waitsAlone } from '../../testing/simulator/ideal.js';
import { lostHistory, quantiles } from '../../testing/simulator/metrics.js';
import { median, sum } from '../../testing/statistics.js';
import { control } from '../../testing/workloads/control.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { bestOf, treeOfThought, treeSearch } from '../../testing/workloads/fork-join.js';
import { GRAPHS, graph } from '../../testing/workloads/graphs.js';
import { idleThrash } from '../../testing/workloads/idle-thrash.js';
import { loop } from '../../testing/workloads/loop.js';
import { mixed } from '../../testing/workloads/mixed.js';
import { CI, CI_LARGE_MODEL, type Scale } from '../../testing/workloads/scale.js';
import { subAgents } from '../../testing/workloads/sub-agents.js';
import type { Cost } from '../cost.js';
import type { ModelName, RealName } from '../models.js';

/** A workload of one run, and what it has to say beside its cost. */
export interface Built {
  plan: NativeSimWorkload;
  extra?: (run: Driven) => Record<string, number>;
}

/** A workload on a size of memory: what systems are compared on. */
export interface Case {
  what: string;
  /** The model it runs on, unless --model names another. */
  model: ModelName | RealName;
  /** Tokens of KV that a system has in all. */
  kvTokens: number;
  /** Calls at a time: slots, sequences, running requests. */
  slots: number;
  build: (seed: string) => Built;
  /** Systems that it is measured on where none are named; the first is ours. Default: all that can run. */
  systems?: readonly string[];
  /** Calls that are not done by then are cancelled. */
  untilMs?: number;
  /** By what systems are compared; less is better. Default: wall time. */
  by?: { what: string; of: (cost: Cost) => number };
  /** How many times better than a system we want to be. */
  targets?: Record<string, number>;
  /** Prompt tokens that a system computes over those that are new, at most, by its name. */
  amplification?: Record<string, number>;
  /** By system: why it is ahead of us or nearer than we want, as a profile told. */
  causes?: Record<string, string>;
}

const WALL = { what: 'wall time', of: ({ wallMs }: Cost) => wallMs };
export const measureOf = ({ by = WALL }: Case) => by;

const planned =
  (plan: (seed: string) => NativeSimWorkload) =>
  (seed: string): Built => ({ plan: plan(seed) });

/** One answer after another, each short: what an engine costs beside the model. */
function stream(): Pick<Case, 'what' | 'slots' | 'build' | 'by' | 'targets'> {
  const between = 'ms a token';
  return {
    what: 'eight answers of 64 tokens to 32, one after another',
    slots: 1,
    build: (seed) => {
      const plan = control(CI, seed, { shots: 8, perSecond: Number.POSITIVE_INFINITY, prompt: 512, answer: 1024 });
      const ms = ({ firstTokenUs, endedUs, outputTokens }: Driven, call: number) =>
        ((endedUs[call] as number) - (firstTokenUs[call] as number)) / 1000 / ((outputTokens[call] as number) - 1);
      return { plan, extra: (run) => ({ [between]: median(plan.calls.map((_, call) => ms(run, call))) }) };
    },
    by: { what: 'time between tokens', of: ({ extra }) => extra[between] ?? Number.NaN },
    targets: { 'llama-bench': 0.97 },
  };
}

/** Cases of one stream: the only ones that llama-bench can be asked. */
export const STREAMS = /^(W0-stream|R0-.*)$/;

function agents(count: number, scale: Scale = CI): Pick<Case, 'what' | 'slots' | 'build'> {
  return {
    what: `W2: ${count} agents that share their instructions, 11 calls each with tools`,
    slots: count,
    build: planned((seed) => fleet(scale, seed, { agents: count })),
  };
}

/** Agents of 20k tokens at GPU scale rather than 60k, and people who answer at once: runs of seconds, not of minutes. */
const IDLE = { rounds: 1, turns: 6, repository: 8000, longestWaitS: 90 };

const WAITS =
  'tools and people alone take `waits alone s` of it, which no engine shortens: most of it on a small model';
const MORE_MEMORY = `it has 8 GiB beside its KV, in which all contexts fit (llama-server-slots: equal memory); ${WAITS}`;

function idle(overcommit: number, poolTokens = 4096): Case {
  return {
    what: `W5: agents that mostly wait, their contexts ${overcommit}x the memory`,
    model: '60m',
    kvTokens: poolTokens,
    slots: 32,
    build: (seed) => {
      const plan = idleThrash(CI, seed, { ...IDLE, poolTokens, overcommit });
      const alone = median(waitsAlone(plan));
      return { plan, extra: () => ({ 'waits alone s': alone }) };
    },
    by: { what: 'time to completion, median', of: ({ completionS }) => completionS.p50 },
    targets: overcommit >= 2 ? { 'llama-server': 1.5, 'llama-server-slots': 1.5, 'fcfs-lru': 1.5 } : {},
    amplification: overcommit >= 2 ? { 'banyan-disk': 1.1 } : {},
    causes: { 'llama-server': MORE_MEMORY, 'llama-server-slots': WAITS, 'fcfs-lru': WAITS },
  };
}

/** Memory allows it: the main agent, and what its sub-agents hold at a time, fit. Their leftovers may not. */
function subs(kvTokens: number, scale: Scale = CI, children = 8): Omit<Case, 'model'> {
  return {
    what: `W7: a main agent between whose 5 turns ${children} sub-agents of 3 calls run, ${kvTokens} tokens of KV`,
    kvTokens,
    slots: 3,
    build: (seed) => {
      const { workload, mainCalls } = subAgents(scale, seed, { mains: 1, children });
      return {
        plan: workload,
        extra: (run) => ({
          'main agent again': sum(mainCalls.map((call) => lostHistory(workload, { calls: run }, call))),
          'TTFT of a return ms': median(mainCalls.slice(1).map((call) => ttft(run, call))),
        }),
      };
    },
    targets: { 'llama-server': 2 },
  };
}

const ttft = (run: Driven, call: number) => ((run.firstTokenUs[call] as number) - (run.dueUs[call] as number)) / 1000;

const MIXED_S = 20;

/** People's questions alone count, so that a system cannot win by leaving the background undone: that has its column. */
function people(): Case {
  const question = 'question p95 ms';
  return {
    what: `W6: people who ask now and then among background summaries, ${MIXED_S} s`,
    model: '25m',
    kvTokens: 24_576,
    slots: 16,
    untilMs: MIXED_S * 1000,
    build: (seed) => {
      const plan = mixed(CI, seed, { seconds: MIXED_S * 50, interactive: 1 / 40, background: 24 });
      const of = (cls: string) =>
        plan.calls.flatMap(({ program }, call) => (plan.programs[program]?.class === cls ? [call] : []));
      return {
        plan,
        extra: (run) => {
          const answered = of('interactive').filter((call) => (run.firstTokenUs[call] as number) > 0);
          const size = (call: number) => (run.promptTokens[call] as number) + (run.outputTokens[call] as number);
          const done = of('background').filter((call) => (run.firstTokenUs[call] as number) > 0);
          return {
            questions: answered.length,
            [question]: quantiles(answered.map((call) => ttft(run, call))).p95,
            'background tokens/s': sum(done.map(size)) / MIXED_S,
          };
        },
      };
    },
    by: { what: 'TTFT p95 of questions', of: ({ extra }) => extra[question] ?? Number.NaN },
    targets: { 'llama-server': 5 },
  };
}

const GRAPH_QUERIES = 3;

function flow(name: string): Case {
  return {
    what: `W4: ${name}, ${GRAPH_QUERIES} queries at a time`,
    model: '60m',
    kvTokens: 24_576,
    slots: 16,
    build: planned((seed) => graph(CI, seed, name, { queries: GRAPH_QUERIES })),
    targets: { 'llama-server': 2.5 },
  };
}

const ON_60M = { model: '60m', kvTokens: 24_576 } as const;
/** Systems that say something new of a case: a disk cache; minutes a run; models as people use them. */
const ON_DISK = ['banyan-disk', 'llama-server'];
const LARGE = ['banyan', 'llama-server'];
const TRAINED = ['banyan', 'banyan-serve', 'llama-server', 'node-llama-cpp', 'llama-bench'];
const FORKS = { 'llama-server': 2.5, 'node-llama-cpp': 5 };

/** What the harness compares. Lengths are those of published traces over 16, times over 50; outputs have forced lengths. */
export const CASES = {
  W0: {
    ...ON_60M,
    what: 'W0: 48 single shots that share nothing',
    slots: 16,
    build: planned((seed) => control(CI, seed, { shots: 48, perSecond: Number.POSITIVE_INFINITY })),
    targets: { 'cache-off': 0.98 },
  },
  'W0-stream': { ...ON_60M, ...stream() },
  W1: {
    ...ON_60M,
    what: 'W1: one agent, 11 turns with quick tools',
    slots: 1,
    build: planned((seed) => loop(CI, seed, { quick: true })),
  },
  'W2-8': { ...ON_60M, ...agents(8), targets: { naive: 5, 'llama-server': 2.5, 'node-llama-cpp': 2.5, vllm: 5 } },
  'W2-16': { ...ON_60M, ...agents(16), targets: { naive: 5, 'llama-server': 3, 'node-llama-cpp': 2.5, vllm: 5 } },
  'W2-32': { ...ON_60M, ...agents(32), kvTokens: 40_960, systems: LARGE, targets: { 'llama-server': 3 } },
  /** About half of what the fleet holds at its end: how many run at once decides whether it thrashes. */
  'W2-tight': { ...agents(32), model: 'small', kvTokens: 16_384 },
  'W3-best-of': {
    ...ON_60M,
    what: 'W3: best of 16 four times, over when 4 have answered',
    slots: 16,
    build: planned((seed) => bestOf(CI, seed, { programs: 4 })),
    targets: FORKS,
  },
  'W3-thoughts': {
    ...ON_60M,
    what: 'W3: a tree of thoughts four times, 4 thoughts a level, 4 levels, each judged',
    slots: 16,
    build: planned((seed) => treeOfThought(CI, seed, { programs: 4 })),
    targets: FORKS,
  },
  'W3-search': {
    ...ON_60M,
    what: 'W3: a search of 60 calls with tools, twice',
    slots: 10,
    build: planned((seed) => treeSearch(CI, seed, { programs: 2, rounds: 12 })),
    targets: FORKS,
  },
  ...(Object.fromEntries(
    Object.keys(GRAPHS).map((name) => [`W4-${name.replaceAll(/[^a-z0-9]+/g, '-')}`, flow(name)]),
  ) as Record<string, Case>),
  'W5-0.8x': idle(0.8),
  'W5-2x': idle(2),
  'W5-4x': idle(4),
  /** Beyond memory, for a disk cache: of `npm run bench -- tiers`. */
  'T5-2x': { ...idle(2), systems: ON_DISK, targets: { 'llama-server': 1.5 } },
  'T5-3x': { ...idle(3, 8192), systems: ON_DISK, targets: { 'llama-server': 1.5 } },
  W6: people(),
  'W7-8192': { ...subs(8192), model: '60m' },
  'W7-4096': { ...subs(4096), model: '60m' },
  'W7-3584': { ...subs(3584), model: '60m' },
  H2: {
    ...agents(8, CI_LARGE_MODEL),
    systems: LARGE,
    model: 'hybrid-0.8b',
    kvTokens: 16_384,
    targets: { 'llama-server': 2.5 },
  },
  'R0-smollm2': { ...stream(), systems: TRAINED, model: 'smollm2', kvTokens: 4096 },
  'R0-gemma3': { ...stream(), systems: TRAINED, model: 'gemma3', kvTokens: 4096 },
  'R2-smollm2': { ...agents(4), systems: TRAINED, model: 'smollm2', kvTokens: 16_384 },
  'R2-gemma3': { ...agents(4), systems: TRAINED, model: 'gemma3', kvTokens: 16_384 },
  H7: { ...subs(16_384, CI_LARGE_MODEL, 4), slots: 8, systems: LARGE, model: 'hybrid-0.8b' },
} satisfies Record<string, Case>;

/** A case by its name; by a word that is none, those whose names begin with it. */
export function casesNamed(names: readonly string[]): Map<string, Case> {
  const all: Record<string, Case> = CASES;
  const found = new Map<string, Case>();
  for (const name of names) {
    const some = Object.hasOwn(all, name) ? [name] : Object.keys(all).filter((each) => each.startsWith(`${name}-`));
    if (some.length === 0) throw new RangeError(`no case ${name}; there are ${Object.keys(all).join(', ')}`);
    for (const each of some) found.set(each, all[each] as Case);
  }
  return found;
}
