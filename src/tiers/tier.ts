import type { AgentHost } from '../agent/host.js';
import { checkHost } from '../agent/host.js';
import type { Engine } from '../engine/engine.js';
import type { Usage } from '../engine/generation.js';
import { checkName, checkNumber, checkObject, invalidOption } from '../kit/option-checks.js';
import { readFields, reading, readList } from '../kit/read-options.js';
import { knownSum } from '../kit/sums/known-sum.js';
import type { ModelHandle } from '../models/models.js';

/** What a tier costs, in a currency of your own, per million tokens. A price that is left out is 0. */
export interface Price {
  /** Prompt tokens that were computed. */
  readonly input?: number | undefined;
  /** Prompt tokens that were read from the cache. */
  readonly cached?: number | undefined;
  readonly output?: number | undefined;
}

/** One model among several. Tiers are listed from the smallest to the largest. */
export interface Tier {
  readonly name: string;
  /** An engine, or `models.model(name)`: one that is loaded while it is needed. */
  readonly engine: TierEngine | ModelHandle;
  readonly price?: Price | undefined;
}

/** What answers for a tier: an engine, or what stands in for one. */
export type TierEngine = AgentHost & Pick<Engine, 'generate'>;

/** Work with a tier's engine, which stays loaded until the work's end. */
export async function withEngine<Result>(
  engine: Tier['engine'],
  work: (engine: TierEngine) => Promise<Result>,
): Promise<Result> {
  return 'use' in engine ? engine.use(work) : work(engine);
}

/** Throws INVALID_OPTION. */
export function checkTierEngine(field: string, engine: Tier['engine']): Tier['engine'] {
  if (reading(field, () => typeof (Object(engine) as Partial<ModelHandle>).use === 'function')) return engine;
  checkHost(field, engine);
  return engine;
}

/** What a tier did. */
export interface TierReport {
  readonly name: string;
  /** Answers and runs that it was asked for. */
  readonly asked: number;
  /** Those that a rule, or a failure, passed on to the next tier. */
  readonly escalated: number;
  /** Questions of a route that were asked here. */
  readonly routed: number;
  readonly promptTokens: number;
  /** Null: not known of an answer. */
  readonly cachedTokens: number | null;
  readonly computedTokens: number;
  readonly outputTokens: number;
  /** Milliseconds of its answers, one after the other. */
  readonly ms: number;
  /** Mean milliseconds to the first token of an answer, or of a run's first step; 0: none came. */
  readonly ttftMs: number;
  /** Tries beyond the first ones at an engine elsewhere, and those of them that went on in the midst of an answer. */
  readonly retries: number;
  readonly migrations: number;
  /** By its price. Where `cachedTokens` is not known, as if nothing had been cached: at most so much. */
  readonly cost: number;
}

export type Spent = Pick<Usage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens'> & {
  totalMs: number;
  ttftMs: number;
};

/** What a tier has done so far, added up. */
export class Ledger {
  readonly #tier: Tier;
  asked = 0;
  escalated = 0;
  routed = 0;
  readonly #spent = { promptTokens: 0, computedTokens: 0, outputTokens: 0, totalMs: 0 };
  readonly #elsewhere = { retries: 0, migrations: 0 };
  #cachedTokens: number | null = 0;
  #cost = 0;
  #first = { count: 0, ms: 0 };

  constructor(tier: Tier) {
    this.#tier = tier;
  }

  /** `elsewhere`: of its requests, where an engine elsewhere computed them. */
  add(usage: Spent, elsewhere: readonly Usage['elsewhere'][] = []): void {
    for (const key of ['promptTokens', 'computedTokens', 'outputTokens', 'totalMs'] as const) {
      this.#spent[key] += usage[key];
    }
    this.#cachedTokens = knownSum(this.#cachedTokens, usage.cachedTokens);
    this.#cost += costOf(usage, this.#tier.price);
    if (usage.ttftMs > 0) {
      this.#first.count++;
      this.#first.ms += usage.ttftMs;
    }
    for (const one of elsewhere) {
      this.#elsewhere.retries += one?.retries ?? 0;
      this.#elsewhere.migrations += one?.migrations ?? 0;
    }
  }

  report(): TierReport {
    const { totalMs: ms, ...tokens } = this.#spent;
    const counts = { asked: this.asked, escalated: this.escalated, routed: this.routed, ...this.#elsewhere };
    const ttftMs = this.#first.count === 0 ? 0 : this.#first.ms / this.#first.count;
    const known = { ...tokens, cachedTokens: this.#cachedTokens, ms, ttftMs, cost: this.#cost };
    return { name: this.#tier.name, ...counts, ...known };
  }
}

function costOf({ promptTokens, cachedTokens, outputTokens }: Spent, price: Price = {}): number {
  const { input = 0, cached = 0, output = 0 } = price;
  const hits = cachedTokens ?? 0;
  return ((promptTokens - hits) * input + hits * cached + outputTokens * output) / 1e6;
}

/** A checked copy. Throws INVALID_OPTION. */
export function checkTiers(tiers: readonly Tier[]): Tier[] {
  const list = readList('tiers', tiers, 'a list of { name, engine }');
  if (list.length === 0) throw invalidOption('tiers', 'one tier or more', tiers);
  const read = list.map((tier, index) => {
    const field = `tiers[${index}]`;
    const { name, engine, price = {} } = readFields(field, checkObject(field, tier) as Tier);
    checkTierEngine(`${field}.engine`, engine);
    for (const [key, value] of Object.entries(price)) {
      if (value !== undefined) checkNumber(`${field}.price.${key}`, value, 0, Number.MAX_VALUE);
    }
    return { name: checkName(`${field}.name`, name), engine, price };
  });
  const twice = read.find(({ name }, index) => read.findIndex((other) => other.name === name) !== index);
  if (twice) throw invalidOption('tiers', 'names that differ', twice.name);
  return read;
}
