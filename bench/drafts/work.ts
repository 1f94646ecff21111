import { Engine, type EngineOptions } from '../../src/index.js';
import { GEMMA3_TEMPLATE, realModel } from '../../testing/models/real-models.js';
import { median, quantile, spread } from '../../testing/statistics.js';

/** What one call said; of an agent the tokens of all its calls. */
export interface Said {
  outputTokens: number;
  tokens?: readonly number[];
}

/** An answer of llama-server. */
export interface PeerAnswer {
  usage: { completion_tokens: number };
  choices: { message: { content?: string | null; tool_calls?: { function: { arguments: string } }[] } }[];
}

/** Posts the body of a chat completion. */
export type Ask = (body: object) => Promise<PeerAnswer>;

/** One question. */
export const once = (body: (index: number) => object) => async (ask: Ask, index: number) =>
  (await ask(body(index))).usage.completion_tokens;

/** Runs of the embedded model are so many times as long as others. */
export const EMBEDDED_TIMES = 12;

/** What is asked for, again and again. */
export interface Work {
  name: string;
  model: EngineOptions;
  call(engine: Engine, index: number, how: Mode['request']): Promise<Said>;
  /** Calls of a run, times as many as usual: of a small model, whose runs are else too short to measure. */
  times?: number;
  /** What the best of the modes must give at one at a time, times the first one. */
  target?: number;
  /** The same of llama-server, by what `ask` posts: tokens that it said. Absent: it is not asked. */
  peer?(ask: Ask, index: number): Promise<number>;
  /** How many times llama-server's best setting the best mode must be. Default: 1. */
  peerTarget?: number;
}

/** One of what is compared: options of the engine, and of each request. */
export interface Mode {
  name: string;
  engine: EngineOptions;
  request: { jumpForward?: 'off' | 'verify' | 'force' };
  /** Below this, times the first one, it is a loss; absent: it may be one. */
  least?: number;
}

/** The trained models that are here. */
export async function trainedModels(): Promise<{ name: string; model: EngineOptions }[]> {
  const [smollm2, gemma3] = [await realModel('smollm2'), await realModel('gemma3')];
  return [
    ...(smollm2 ? [{ name: 'SmolLM2', model: { model: smollm2 } }] : []),
    ...(gemma3 ? [{ name: 'Gemma 3 270M', model: { model: gemma3, chatTemplate: GEMMA3_TEMPLATE } }] : []),
  ];
}

export interface Cost {
  tokens: number;
  wallMs: number;
  cpuMs: number;
  steps: number;
  drafted: number;
  accepted: number;
  forced: number;
  /** By call, as far as it tells. */
  said: (readonly number[] | undefined)[];
}

/** All calls, so many at once: twice as many, so that most steps are full, or a multiple of that. */
export async function inTurns<T>(batch: number, call: (index: number) => Promise<T>, times = 1): Promise<T[]> {
  const calls = times * Math.max(8, 2 * batch);
  const said: T[] = [];
  let next = 0;
  const line = async () => {
    while (next < calls) {
      const index = next++;
      said[index] = await call(index);
    }
  };
  await Promise.all(Array.from({ length: batch }, line));
  return said;
}

/** All calls on an engine of its own: what drafts give is learnt anew each time, and nothing is cached. */
export async function costOf(work: Work, mode: Mode, batch: number, threads: number): Promise<Cost> {
  await using engine = await Engine.load({ ...work.model, ...(threads > 0 && { threads }), ...mode.engine });
  const began = performance.now();
  const cpu = process.cpuUsage();
  const said = await inTurns(batch, (index) => work.call(engine, index, mode.request), work.times);
  const { user, system } = process.cpuUsage(cpu);
  const wallMs = performance.now() - began;
  const { draftedTokens, acceptedTokens, forcedTokens, steps } = await engine.stats();
  return {
    ...{ wallMs, cpuMs: (user + system) / 1000, steps },
    ...{ drafted: draftedTokens, accepted: acceptedTokens, forced: forcedTokens },
    tokens: said.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    said: said.map(({ tokens }) => tokens),
  };
}

/** Tokens a second. */
export const rate = ({ tokens, wallMs }: Cost) => (1000 * tokens) / wallMs;
const perCpu = ({ tokens, cpuMs }: Cost) => tokens / cpuMs;
const digits = (value: number) => Number(value.toPrecision(3));

/** Each mode's runs of one work against those of the first mode side by side with them. */
export class Compared {
  constructor(
    readonly modes: readonly Mode[],
    private readonly costs: ReadonlyMap<Mode, Cost[]>,
  ) {}

  of(mode: Mode): Cost[] {
    return this.costs.get(mode) ?? [];
  }

  ratios(mode: Mode, pick: (cost: Cost) => number): number[] {
    const first = this.of(this.modes[0] as Mode);
    return this.of(mode).map((cost, run) => pick(cost) / pick(first[run] ?? cost));
  }

  /** Of the calls that both told, in the first run: how many say the same tokens as the first mode's. */
  same(mode: Mode): string {
    const expected = this.of(this.modes[0] as Mode)[0]?.said ?? [];
    const given = this.of(mode)[0]?.said ?? [];
    const told = [...given.keys()].filter((i) => given[i] && expected[i]);
    const same = told.filter((i) => given[i]?.join() === expected[i]?.join());
    return told.length === 0 ? '-' : `${same.length} of ${told.length}`;
  }

  /** `force 1.20x (1.17 to 1.22; CPU 1.19x)`: the median, the quartiles. */
  told(mode: Mode): string {
    const [wall, cpu] = [this.ratios(mode, rate), this.ratios(mode, perCpu)];
    const [low, high] = [quantile(wall, 0.25), quantile(wall, 0.75)].map((value) => value.toFixed(2));
    return `${mode.name} ${median(wall).toFixed(2)}x (${low} to ${high}; CPU ${median(cpu).toFixed(2)}x)`;
  }

  /** The rate of a mode, times the first one's. */
  times(mode: Mode): number {
    return median(this.ratios(mode, rate));
  }

  rows(work: Work, batch: number): (string | number)[][] {
    return this.modes.map((mode) => {
      const costs = this.of(mode);
      const middle = (pick: (cost: Cost) => number) => digits(median(costs.map(pick)));
      return [
        ...[work.name, batch, mode.name, middle(rate), digits(spread(costs.map(rate)))],
        ...[digits(median(this.ratios(mode, rate))), digits(median(this.ratios(mode, perCpu)))],
        ...[middle(({ tokens }) => tokens), middle(({ steps }) => steps), middle(({ drafted }) => drafted)],
        ...[middle(({ accepted }) => accepted), middle(({ forced }) => forced), this.same(mode)],
      ];
    });
  }
}

export const COLUMNS = [
  ...['work', 'at once', 'mode', 'tokens/s', 'spread %', 'x', 'x of CPU time'],
  ...['tokens', 'steps', 'drafted', 'accepted', 'forced', 'same tokens'],
];
