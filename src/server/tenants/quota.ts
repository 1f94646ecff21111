import { HttpError } from '../http/http-error.js';
import type { Places } from '../http/places.js';
import { Bucket } from './bucket.js';
import type { TenantEntry } from './keys-file.js';

type Limits = Pick<TenantEntry, 'maxConcurrent' | 'requestsPerMinute' | 'tokensPerMinute'>;

/** What an answer that ended tells of its cost, if it does. */
type Ended = { usage?: { promptTokens: number; outputTokens?: number } } | undefined;

/** What a tenant has under way, and what its rates leave. */
export class Quota {
  readonly #now: () => number;
  #concurrent: number | undefined;
  #requests: Bucket | undefined;
  #tokens: Bucket | undefined;
  #taken = 0;

  constructor(limits: Limits, now: () => number) {
    this.#now = now;
    this.limit(limits);
  }

  /** Answers under way. */
  get taken(): number {
    return this.#taken;
  }

  /** Other limits from now on: what was used stays used. */
  limit({ maxConcurrent, requestsPerMinute, tokensPerMinute }: Limits): void {
    this.#concurrent = maxConcurrent;
    this.#requests = this.#changed(this.#requests, requestsPerMinute);
    this.#tokens = this.#changed(this.#tokens, tokensPerMinute);
  }

  /**
   * Takes `count` answers from the rate. `share`: so many places of a model it may have; `own`: those that it has, which also know how
   * soon one is free again. Throws HttpError 429: nothing is taken then.
   */
  check(count: number, share: number, own: Pick<Places, 'taken' | 'later'>): void {
    const concurrent = this.#concurrent ?? Number.POSITIVE_INFINITY;
    const [taken, most] = concurrent - this.#taken < share - own.taken ? [this.#taken, concurrent] : [own.taken, share];
    if (taken + count > most) {
      const why = `${taken} answers of this tenant are under way or wait, and ${most} is the most`;
      throw new HttpError(429, 'tenant_concurrency', why, undefined, own.later(count));
    }
    const requests = this.#requests?.wait(count) ?? 0;
    if (requests > 0) throw new HttpError(429, 'tenant_requests', 'Too many requests a minute', undefined, requests);
    const tokens = this.#tokens?.wait(1) ?? 0;
    if (tokens > 0) throw new HttpError(429, 'tenant_tokens', 'Too many tokens a minute', undefined, tokens);
    this.#requests?.take(count);
  }

  /** An answer of the tenant, until it has ended: then its tokens are taken. */
  hold(ended: Promise<unknown>): void {
    this.#taken++;
    ended.then(
      (result) => {
        this.#taken--;
        const { usage } = (result as Ended) ?? {};
        if (usage) this.#tokens?.take(usage.promptTokens + (usage.outputTokens ?? 0));
      },
      () => this.#taken--,
    );
  }

  #changed(bucket: Bucket | undefined, perMinute: number | undefined): Bucket | undefined {
    if (perMinute === undefined) return undefined;
    if (!bucket) return new Bucket(perMinute, this.#now);
    bucket.change(perMinute);
    return bucket;
  }
}
