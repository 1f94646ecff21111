import { Ledger } from '../../src/pool/ledger.js';
import { PAGE_TOKENS } from '../../src/pool/page-keys.js';

/** A prompt token takes so long, and a token of an answer, with so much more for each answer beside it. */
const PREFILL_MS = 0.1;
const DECODE_MS = 10;
const BESIDE_MS = 0.5;

/** An engine on a virtual clock: prompts one after another, answers side by side; the pages used longest ago leave first. */
export class SimulatedEngine {
  readonly #cache: Ledger;
  #free = 0;
  /** Prompt tokens that it computed. */
  computed = 0;
  requests = 0;
  /** Requests that wait or are answered. */
  running = 0;

  constructor(tokensKept: number) {
    this.#cache = new Ledger(Math.floor(tokensKept / PAGE_TOKENS), Number.POSITIVE_INFINITY);
  }

  /** When its first token and its end come, in milliseconds. */
  serve(keys: readonly number[], tokens: number, output: number, now: number) {
    const cached = Math.min(this.#cache.match(keys, now), tokens - 1);
    this.#cache.add(keys, now);
    this.#free = Math.max(this.#free, now) + PREFILL_MS * (tokens - cached);
    this.computed += tokens - cached;
    this.requests++;
    this.running++;
    return { first: this.#free, end: this.#free + output * (DECODE_MS + BESIDE_MS * this.running), cached };
  }
}
