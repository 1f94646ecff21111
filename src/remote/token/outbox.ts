import type { WireHint } from '../dialects/dialect.js';

/** Advice waits so long for a request to go along with. */
const GATHER_MS = 20;
/** More does not wait. */
const MOST = 64;

/**
 * Advice on its way to one server. A message of its own costs both sides as much as fifty tokens, so it goes along with the next
 * request, which it then arrives before, or with what else there is to say within 20 ms.
 */
export class Outbox {
  readonly #post: (hints: readonly WireHint[]) => void;
  #hints: WireHint[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(post: (hints: readonly WireHint[]) => void) {
    this.#post = post;
  }

  add(hint: WireHint): void {
    if (this.#hints.push(hint) >= MOST) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** All that waits, for a request that takes it along. */
  take(): readonly WireHint[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const hints = this.#hints;
    this.#hints = [];
    return hints;
  }

  /** Sends what waits. */
  flush(): void {
    const hints = this.take();
    if (hints.length > 0) this.#post(hints);
  }
}
