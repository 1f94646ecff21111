import type { Engine } from '../../engine/engine.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { NativeClass } from '../../native/vocabulary.js';
import { Callers } from '../../stateless/callers.js';
import { HttpError } from '../http/http-error.js';
import type { Places } from '../http/places.js';
import { ResponseStore } from '../responses/store.js';
import type { ServerSettings } from '../server-options.js';
import type { TenantEntry } from './keys-file.js';
import { Quota } from './quota.js';

/** The class of a request that names none. */
const USUAL: NativeClass = 'interactive';

/** What of a server is one tenant's: its conversations, its responses, its limits. Nothing here is reached by another. */
export class Tenant {
  readonly callers: Callers;
  readonly responses = new ResponseStore();
  readonly #quota: Quota;
  readonly #places: Places;
  #entry: TenantEntry;
  #share: number;

  /** `share`: part of the places that it may take, where its entry does not say. */
  constructor(
    engine: Engine,
    settings: ServerSettings,
    places: Places,
    entry: TenantEntry,
    share: number,
    now: () => number,
  ) {
    const { history, rules } = settings;
    const pinShare = entry.pinShare ?? settings.pinShare;
    this.callers = new Callers(engine, { history, rules, pinShare, tenant: entry.name });
    this.#quota = new Quota(entry, now);
    this.#places = places;
    this.#entry = entry;
    this.#share = share;
  }

  get name(): string {
    return this.#entry.name;
  }

  get admin(): boolean {
    return this.#entry.admin ?? false;
  }

  /** Another entry from now on; what was used stays used, and what is pinned stays within the share that it was pinned by. */
  change(entry: TenantEntry, share: number): void {
    this.#entry = entry;
    this.#share = share;
    this.#quota.limit(entry);
  }

  /** Throws HttpError 429 when so many more answers are more than it may have, now or in this minute. */
  check(count: number): void {
    const share = this.#entry.queueShare ?? this.#share;
    this.#quota.check(count, Math.max(1, Math.floor(share * this.#places.most)));
  }

  hold(ended: Promise<unknown>): void {
    this.#quota.hold(ended);
  }

  /** The class of a request, with the tenant's own where it names none. Throws HttpError 403. */
  withClass(options: TurnOptions): TurnOptions {
    const { classes, defaultClass } = this.#entry;
    const usual = classes && !classes.includes(USUAL) ? classes[0] : USUAL;
    const asked = options.class ?? defaultClass ?? usual ?? USUAL;
    if (classes && !classes.includes(asked)) {
      throw new HttpError(
        403,
        'class_not_allowed',
        `This key may not ask for ${asked} requests: ${classes.join(', ')}`,
      );
    }
    return { ...options, class: asked };
  }

  /** Throws HttpError 403 when a body names a model that is not the tenant's. */
  checkModel(body: unknown): void {
    const { models } = this.#entry;
    const { model } = Object(body) as { model?: unknown };
    if (!models || typeof model !== 'string' || models.includes(model)) return;
    throw new HttpError(403, 'model_not_allowed', 'This key may not ask for that model', 'model');
  }
}
