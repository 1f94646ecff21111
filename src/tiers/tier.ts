import type { AgentHost } from '../agent/host.js';
import { checkHost } from '../agent/host.js';
import type { Engine } from '../engine/engine.js';
import type { Usage } from '../engine/generation.js';
import { checkName, checkNumber, checkObject, invalidOption } from '../kit/option-checks.js';
import { readFields, reading, readList } from '../kit/read-options.js';
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
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly outputTokens: number;
  /** Milliseconds of its answers, one after the other. */
  readonly ms: number;
  /** By its price. */
  readonly cost: number;
}

export type Spent = Pick<Usage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens'> & {
  totalMs: number;
};

/** What a tier has done so far, added up. */
export class Ledger {
  readonly #tier: Tier;
  asked = 0;
  escalated = 0;
  routed = 0;
  readonly #spent = { promptTokens: 0, cachedTokens: 0, computedTokens: 0, outputTokens: 0, totalMs: 0 };

  constructor(tier: Tier) {
    this.#tier = tier;
  }

  add(usage: Spent): void {
    for (const key of Object.keys(this.#spent) as (keyof Spent)[]) this.#spent[key] += usage[key];
  }

  report(): TierReport {
    const { name, price = {} } = this.#tier;
    const { totalMs: ms, ...tokens } = this.#spent;
    const { promptTokens, cachedTokens, outputTokens } = tokens;
    const { input = 0, cached = 0, output = 0 } = price;
    const cost = ((promptTokens - cachedTokens) * input + cachedTokens * cached + outputTokens * output) / 1e6;
    return { name, asked: this.asked, escalated: this.escalated, routed: this.routed, ...tokens, ms, cost };
  }
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
