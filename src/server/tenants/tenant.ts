import type { TurnOptions } from '../../engine/request-options.js';
import type { NativeClass } from '../../native/vocabulary.js';
import { HttpError } from '../http/http-error.js';
import type { Places } from '../http/places.js';
import { ResponseStore } from '../responses/store.js';
import type { TenantEntry } from './keys-file.js';
import { Quota } from './quota.js';

/** The class of a request that names none. */
const USUAL: NativeClass = 'interactive';

/** What of a server is one tenant's: its responses, its limits; its conversations are a model's. Nothing here is reached by another. */
export class Tenant {
  readonly responses = new ResponseStore();
  readonly #quota: Quota;
  #entry: TenantEntry;
  #alone: boolean;

  /** `alone`: there is no other tenant. */
  constructor(entry: TenantEntry, alone: boolean, now: () => number) {
    this.#quota = new Quota(entry, now);
    this.#entry = entry;
    this.#alone = alone;
  }

  get name(): string {
    return this.#entry.name;
  }

  get admin(): boolean {
    return this.#entry.admin ?? false;
  }

  /** Part of a model's pages that its cache marks may pin; undefined: the server's. */
  get pinShare(): number | undefined {
    return this.#entry.pinShare;
  }

  /** Another entry from now on; what was used stays used, and what is pinned stays within the share that it was pinned by. */
  change(entry: TenantEntry, alone: boolean): void {
    this.#entry = entry;
    this.#alone = alone;
    this.#quota.limit(entry);
  }

  /**
   * How many of `most` places it may have, of which all tenants have `taken`. Where its entry does not say: as many as are free, so that one
   * tenant gets half, two a third each, and however many take all they can, as much is free for the next one as each has (dynamic
   * thresholds of shared buffers, Choudhury and Hahne 1998).
   */
  shareOf({ most, taken }: Pick<Places, 'most' | 'taken'>): number {
    const { queueShare } = this.#entry;
    if (queueShare !== undefined) return Math.max(1, Math.floor(queueShare * most));
    return this.#alone ? most : Math.max(1, most - taken);
  }

  /**
   * Throws HttpError 429 when so many more answers are more than it may have, now or in this minute. `own`: places of a model that it has
   * taken; `all`: that all have.
   */
  check(count: number, own: Places, all: Pick<Places, 'most' | 'taken'>): void {
    this.#quota.check(count, this.shareOf(all), own);
  }

  hold(ended: Promise<unknown>): void {
    this.#quota.hold(ended);
  }

  /** Options of a request with what the tenant is to the scheduler: its weight, and its class where the request names none. Throws HttpError 403. */
  scheduled(options: TurnOptions): TurnOptions {
    const { classes, defaultClass, weight: tenantWeight = 1 } = this.#entry;
    const usual = classes && !classes.includes(USUAL) ? classes[0] : USUAL;
    const asked = options.class ?? defaultClass ?? usual ?? USUAL;
    if (classes && !classes.includes(asked)) {
      throw new HttpError(
        403,
        'class_not_allowed',
        `This key may not ask for ${asked} requests: ${classes.join(', ')}`,
      );
    }
    return { ...options, class: asked, tenantWeight };
  }

  /** Whether it may ask for a model of this name. */
  mayAsk(model: string): boolean {
    return this.#entry.models?.includes(model) ?? true;
  }
}
