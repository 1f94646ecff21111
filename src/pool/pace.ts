/** Until anything was measured: a prompt token takes so long. */
export const PREFILL_MS = 1;
const WEIGHT = 0.2;

/** How fast one engine elsewhere computes prompts, as first tokens tell. */
export class Pace {
  #prefillMs = PREFILL_MS;
  #measured = 0;

  /** Milliseconds a prompt token; undefined: none was measured yet. */
  get prefillMs(): number | undefined {
    return this.#measured === 0 ? undefined : this.#prefillMs;
  }

  /** A first token came after `ms`, of a prompt with `tokens` that were not cached, with `ahead` tokens of others to be computed. */
  learn(tokens: number, ahead: number, ms: number): void {
    const perToken = ms / Math.max(1, tokens + ahead);
    if (!Number.isFinite(perToken) || perToken <= 0) return;
    // A few uncached tokens tell of the way there and back, not of the pace.
    if (tokens < 16 && this.#measured > 0) return;
    const weight = this.#measured++ === 0 ? 1 : WEIGHT;
    this.#prefillMs += weight * (perToken - this.#prefillMs);
  }
}
