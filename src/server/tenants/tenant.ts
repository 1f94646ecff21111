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
  #share: number;

  /** `share`: part of the places that it may take, where its entry does not say. */
  constructor(entry: TenantEntry, share: number, now: () => number) {
    this.#quota = new Quota(entry, now);
    this.#entry = entry;
    this.#share = share;
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
  change(entry: TenantEntry, share: number): void {
    this.#entry = entry;
    this.#share = share;
    this.#quota.limit(entry);
  }

  /** How many of so many places it may take. */
  shareOf(most: number): number {
    return Math.max(1, Math.floor((this.#entry.queueShare ?? this.#share) * most));
  }

  /**
   * Throws HttpError 429 when so many more answers are more than it may have, now or in this minute. `places`: all of a model, and how many
   * of them the tenant has taken.
   */
  check(count: number, places: Pick<Places, 'most' | 'taken'>): void {
    this.#quota.check(count, this.shareOf(places.most), places.taken);
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
