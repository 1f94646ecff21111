import { Ledger } from './ledger.js';
import { Pace } from './pace.js';

/** By how much an answer beside it makes a request later, in prompt tokens: they share the steps until the end. */
const ANSWERING_TOKENS = 100;
/** Keys that the ledger of one engine holds, and how long after their last use. */
const MOST_KEYS = 100_000;
const TTL_MS = 10 * 60_000;

/** A prompt as places see it: the keys of its full pages, and its length. */
export interface PromptPages {
  readonly keys: readonly number[];
  readonly promptTokens: number;
}

/** What a request would find at a place. */
export interface Outlook {
  /** Tokens of its prompt that are believed to be cached there. */
  readonly cached: number;
  /** Milliseconds to its first token. */
  readonly firstTokenMs: number;
  /** Milliseconds with what it costs others, and with the answer itself: places are compared by that. */
  readonly scoreMs: number;
}

/** A request on its way to a place. */
export interface Errand extends PromptPages {
  /** Of the prompt: expected to be computed there. */
  readonly prefill: number;
  /** Tokens of other prompts that were to be computed before it. */
  readonly ahead: number;
  readonly began: number;
  answering: boolean;
}

/** One engine elsewhere, as the pool sees it: what it has cached, what it is about to do, whether it is well. */
export class Place {
  readonly #ledger = new Ledger(MOST_KEYS, TTL_MS);
  readonly #pace = new Pace();
  readonly #errands = new Set<Errand>();
  /** Those whose first token is waited for, and their prompts' tokens. The first of them is computed now. */
  readonly #waiting = new Set<Errand>();
  #queued = 0;
  /** When the first of them became the first. */
  #headSince = 0;
  #tokensInFlight = 0;
  #whenIdle: (() => void)[] = [];
  /** It gets nothing new, as the caller wishes. */
  draining = false;
  /** It gets nothing new, as what started it says that it is not there. */
  away = false;
  /** It asked to be left alone until then. */
  pausedUntil = 0;

  /** Keys of pages that it is believed to have. */
  get knownPages(): number {
    return this.#ledger.size;
  }

  /** Milliseconds a prompt token, as measured; undefined: not yet. */
  get prefillMs(): number | undefined {
    return this.#pace.prefillMs;
  }

  /** Resolves once nothing waits or is answered there. */
  async idle(): Promise<void> {
    while (this.#errands.size > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Requests that wait or are answered there. */
  get inFlight(): number {
    return this.#errands.size;
  }

  get tokensInFlight(): number {
    return this.#tokensInFlight;
  }

  /** Tokens of prompts whose first token is waited for. */
  get queued(): number {
    return this.#queued;
  }

  /** Tokens of a prompt that are believed to be cached there. */
  match(keys: readonly number[], now: number): number {
    return this.#ledger.match(keys, now);
  }

  /** Prompts are computed there. */
  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** What a request would find there now. `otherwiseMs`: a prompt token where none was measured. `weight`: of tokens that are to be computed for it. */
  outlook({ keys, promptTokens }: PromptPages, now: number, otherwiseMs: number, weight: number): Outlook {
    const cached = this.match(keys, now);
    const fresh = Math.max(1, promptTokens - cached);
    const ahead = this.#ahead(now);
    const beside = ANSWERING_TOKENS * (this.#errands.size - this.#waiting.size);
    const tokenMs = this.prefillMs ?? otherwiseMs;
    return { cached, firstTokenMs: (ahead + fresh) * tokenMs, scoreMs: (ahead + beside + weight * fresh) * tokenMs };
  }

  /** Tokens before those of a new prompt: the prompt that is computed now grows shorter, and is over when its first token comes. */
  #ahead(now: number): number {
    const [head] = this.#waiting;
    const tokenMs = this.prefillMs;
    if (!head || tokenMs === undefined) return this.#queued;
    return this.#queued - Math.min(head.prefill, Math.max(0, now - this.#headSince) / tokenMs);
  }

  begin({ keys, promptTokens }: PromptPages, now: number): Errand {
    const prefill = Math.max(1, promptTokens - this.match(keys, now));
    const errand: Errand = { keys, promptTokens, prefill, ahead: this.#ahead(now), began: now, answering: false };
    if (!this.busy) this.#headSince = now;
    this.#errands.add(errand);
    this.#waiting.add(errand);
    this.#queued += prefill;
    this.#tokensInFlight += promptTokens;
    this.#ledger.add(keys, now);
    return errand;
  }

  /** Its first token came. */
  answered(errand: Errand, now: number): void {
    if (errand.answering) return;
    errand.answering = true;
    this.#waitsNoMore(errand, now);
    this.#pace.learn(errand.prefill, errand.ahead, now - errand.began);
  }

  #waitsNoMore(errand: Errand, now: number): void {
    const [head] = this.#waiting;
    if (!this.#waiting.delete(errand)) return;
    this.#queued -= errand.prefill;
    if (errand === head) this.#headSince = now;
  }

  /** `cached`: tokens that were cached, as it says; null: it does not. */
  end(errand: Errand, cached: number | null, now: number): void {
    this.#waitsNoMore(errand, now);
    if (this.#errands.delete(errand)) this.#tokensInFlight -= errand.promptTokens;
    if (this.#errands.size === 0) for (const tell of this.#whenIdle.splice(0)) tell();
    const believed = errand.promptTokens - errand.prefill;
    // It was computed meanwhile. But what was on the lost pages went with them, and other prompts may stand on it.
    if (cached !== null && cached + 32 < believed) {
      this.#ledger.forget(errand.keys, cached);
      this.#ledger.add(errand.keys, errand.began);
    }
  }

  /** It failed: nothing is known of what it has. */
  lost(): void {
    this.#ledger.clear();
  }
}
