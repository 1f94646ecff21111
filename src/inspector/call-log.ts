import type { Engine } from '../engine/engine.js';
import type { WatchedCall } from '../engine/watch/call-watch.js';
import type { KeptTexts } from './kept-texts.js';
import { missSentence } from './miss-sentence.js';
import { KeptCalls } from './page/kept-calls.js';
import { placeAfter } from './prompt-place.js';
import type { EndedCall } from './told-types.js';

/** Longest beginning of a prompt that is read as text again, tokens: milliseconds of the JavaScript thread. */
const MOST_READ = 16_384;

/** What kind of text changes by itself, by its looks (`time`, `date`, `id` ...); undefined: none that is known. */
export type LooksLike = (word: string) => string | undefined;

/**
 * The latest calls of an engine that have ended, from now on: numbers and names. It does something when a call ends, and nothing for a step or
 * a token. Where a prompt parted from what was cached, its beginning is read once, to name the message.
 */
export class CallLog {
  readonly #engine: Engine;
  readonly #looksLike: LooksLike;
  readonly #kept = new KeptCalls<EndedCall>();
  readonly #texts: KeptTexts | undefined;
  readonly #unhear: () => void;
  #count = 0;

  /** `texts`: keeps the tokens of calls, too. Throws CLOSED. */
  constructor(engine: Engine, looksLike: LooksLike = () => undefined, texts?: KeptTexts) {
    this.#engine = engine;
    this.#texts = texts;
    this.#looksLike = looksLike;
    this.#unhear = engine.watchCalls((call) => this.#ended(call));
  }

  /** Calls so far, those that were dropped too. */
  get count(): number {
    return this.#count;
  }

  /** The kept calls after this one. */
  since(order: number): EndedCall[] {
    return order >= this.#count ? [] : this.#kept.since(order);
  }

  /** Hears of no call any more. */
  close(): void {
    this.#unhear();
  }

  #ended(call: WatchedCall): void {
    const { program, label, tenant, usage, finishReason: reason, called: tools } = call;
    const { promptTokens, outputTokens, queueMs, ttftMs, totalMs } = usage;
    const order = ++this.#count;
    this.#texts?.add(order, call);
    this.#kept.add({
      order,
      number: (this.#kept.of(program).at(-1)?.number ?? 0) + 1,
      atMs: Date.now(),
      ...{ program, label, tenant, reason, tools, promptTokens, outputTokens, queueMs, ttftMs, totalMs },
      ...{ cachedTokens: usage.cachedTokens ?? 0, computedTokens: usage.computedTokens ?? 0 },
      miss: missSentence(usage, this.#placeOf(call)),
    });
  }

  /** In which message a prompt differs from what was cached, in words; '': it does not, or that is not known. */
  #placeOf({ said, prompt, usage: { miss } }: WatchedCall): string {
    if (miss.reason !== 'diverged' || typeof said === 'string' || miss.matched > MOST_READ) return '';
    if (this.#engine.closed) return '';
    const text = this.#engine.detokenize(prompt.subarray(0, miss.matched), { special: true });
    const place = placeAfter(text.replace(/\ufffd+$/, ''), said);
    if (!place) return ', behind the last message';
    const message = `message ${place.message} (${place.role})`;
    if (place.character === 1) return `, at the beginning of ${message}`;
    const looks = this.#looksLike(place.word) ?? (/\d/.test(place.word) ? 'number' : undefined);
    const kind = looks === undefined ? '' : `, in what looks like ${KINDS[looks] ?? `a ${looks}`}`;
    return `, in ${message} at character ${place.character}${kind}`;
  }
}

const KINDS: Readonly<Record<string, string>> = { id: 'an id' };
