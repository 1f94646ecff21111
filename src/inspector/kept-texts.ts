import type { WatchedCall } from '../engine/watch/call-watch.js';

/** Of all calls together: 16 MiB, and as much again for answers. */
const MOST_TOKENS = 4 * 2 ** 20;

/** A call whose text can be asked for. */
export interface KeptText extends Pick<WatchedCall, 'tenant' | 'label' | 'program' | 'prompt' | 'output'> {
  /** Of the prompt: tokens that were in the cache. */
  readonly cached: number;
}

/** The tokens of the latest calls, so that the text of one can be asked for. Where they are too many the oldest go. */
export class KeptTexts {
  readonly #most: number;
  readonly #calls = new Map<number, KeptText>();
  #tokens = 0;

  /** `most`: tokens of all of them. */
  constructor(most = MOST_TOKENS) {
    this.#most = most;
  }

  /** `order`: of the call, larger than those before. One that is too long by itself is not kept. */
  add(order: number, { tenant, label, program, prompt, output, usage }: WatchedCall): void {
    if (prompt.length + output.length > this.#most) return;
    this.#calls.set(order, { tenant, label, program, prompt, output, cached: usage.cachedTokens ?? 0 });
    this.#tokens += prompt.length + output.length;
    for (const [oldest, { prompt: read, output: said }] of this.#calls) {
      if (this.#tokens <= this.#most) break;
      this.#calls.delete(oldest);
      this.#tokens -= read.length + said.length;
    }
  }

  get(order: number): KeptText | undefined {
    return this.#calls.get(order);
  }
}
