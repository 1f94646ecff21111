import { PAGE_TOKENS } from '../../src/pool/page-keys.js';
import type { Request, Router, Sent } from './router.js';

/** Defaults of the two routers' documentation. */
const CACHE_THRESHOLD = 0.3;
const BALANCE_ABS_THRESHOLD = 64;
const BALANCE_REL_THRESHOLD = 1.5;

/**
 * The cache-aware policy of SGLang's router and of smg, after their documentation: to the engine that was sent the longest beginning
 * of this prompt, if that is more than 0.3 of it; else to the engine with the smallest tree (SGLang's router) or the fewest requests under
 * way (smg). While one engine has over 64 requests more than another, and over 1.5 times as many, all go to the least loaded. A tree is a
 * set of keys of pages here, which stand for all before them; of engines with equal beginnings the least loaded is taken.
 */
export class CacheAware implements Router {
  readonly #trees: Set<number>[];
  readonly #loads: number[];
  readonly #otherwise: 'smallest tree' | 'least loaded';

  constructor(engines: number, otherwise: 'smallest tree' | 'least loaded') {
    this.#trees = Array.from({ length: engines }, () => new Set());
    this.#loads = Array.from({ length: engines }, () => 0);
    this.#otherwise = otherwise;
  }

  send({ keys, prompt }: Request): Sent {
    const engine = this.#choose(keys, prompt.length);
    for (const key of keys) this.#trees[engine]?.add(key);
    this.#loads[engine] = this.#load(engine) + 1;
    return {
      engine,
      answered() {},
      ended: () => {
        this.#loads[engine] = this.#load(engine) - 1;
      },
    };
  }

  #choose(keys: readonly number[], tokens: number): number {
    const [most, fewest] = [Math.max(...this.#loads), Math.min(...this.#loads)];
    if (most - fewest > BALANCE_ABS_THRESHOLD && most > BALANCE_REL_THRESHOLD * fewest)
      return this.#least((engine) => this.#load(engine));
    const matches = this.#trees.map((tree) => {
      const missing = keys.findIndex((key) => !tree.has(key));
      return missing < 0 ? keys.length : missing;
    });
    const longest = Math.max(...matches);
    if ((longest * PAGE_TOKENS) / tokens > CACHE_THRESHOLD)
      return this.#least((engine) => (matches[engine] === longest ? this.#load(engine) : Number.POSITIVE_INFINITY));
    return this.#least((engine) =>
      this.#otherwise === 'least loaded' ? this.#load(engine) : (this.#trees[engine]?.size ?? 0),
    );
  }

  #load(engine: number): number {
    return this.#loads[engine] ?? 0;
  }

  #least(by: (engine: number) => number): number {
    let best = 0;
    for (let engine = 1; engine < this.#loads.length; engine++) if (by(engine) < by(best)) best = engine;
    return best;
  }
}
