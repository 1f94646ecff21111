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
  readonly #underWay = new Set<Promise<void>>();

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

  /** Sends what waits, and settles when no message is under way any more: it waits for earlier ones too. Never rejects. */
  async flush(): Promise<void> {
    const hints = this.take();
    if (hints.length > 0) {
      const sent = this.#post(hints)
        .catch(() => {})
        .finally(() => this.#underWay.delete(sent));
      this.#underWay.add(sent);
    }
    await Promise.all(this.#underWay);
  }
}
