import { hasCode } from '../kit/errors.js';
import { LruCache } from '../kit/lru-cache.js';

/** Answers by key, those that are on their way among them: who asks meanwhile waits for the first one's. One that failed is not kept. */
export class KnownAnswers<Answer> {
  readonly #answers: LruCache<Promise<Answer>>;
  hits = 0;
  misses = 0;

  constructor(most: number) {
    this.#answers = new LruCache(most);
  }

  /** `signal`: this caller's own. `keep` says of an answer whether it will do for the next one. */
  get(
    key: string,
    ask: () => Promise<Answer>,
    signal: AbortSignal | undefined,
    keep: (answer: Answer) => boolean = () => true,
  ): Promise<Answer> {
    let asked = false;
    const answer = this.#answers.get(key, () => {
      asked = true;
      return ask();
    });
    if (!asked) {
      this.hits++;
      // One who gave up is no reason for the others to: the next asks.
      return answer.catch((reason) => {
        if (!hasCode(reason, 'ABORTED') || signal?.aborted) throw reason;
        return this.get(key, ask, signal, keep);
      });
    }
    this.misses++;
    const forget = () => this.#answers.delete(key);
    answer.then((given) => keep(given) || forget(), forget);
    return answer;
  }
}
