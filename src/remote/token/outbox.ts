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
  readonly #post: (hints: readonly WireHint[]) => Promise<void>;
  #hints: WireHint[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `post`: sends some of it; what it rejects with is dropped, as nothing is lost with advice but time. */
  constructor(post: (hints: readonly WireHint[]) => Promise<void>) {
    this.#post = post;
  }

  add(hint: WireHint): void {
    if (this.#hints.push(hint) >= MOST) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** All that waits, for a request that takes it along. */
  take(): readonly WireHint[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const hints = this.#hints;
    this.#hints = [];
    return hints;
  }

  /** Sends what waits. Never rejects. */
  async flush(): Promise<void> {
    const hints = this.take();
    if (hints.length > 0) await this.#post(hints).catch(() => {});
  }
}
