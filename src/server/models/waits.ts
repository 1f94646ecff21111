import { HttpError } from '../http/http-error.js';
import type { Tenant } from '../tenants/tenant.js';

/** When a load ends cannot be told: a client asks again after so long. */
const AGAIN_MS = 1_000;

/** Requests that wait for a load: so many at most, and of one tenant no more than its share of these. */
export class Waits {
  readonly #most: number;
  readonly #own = new WeakMap<Tenant, number>();
  #all = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#all;
  }

  /** What becomes of a load, for one more who waits for it. Rejects with HttpError 429 when too many wait, and as the load does. */
  async during<Result>(tenant: Tenant | undefined, load: () => Promise<Result>): Promise<Result> {
    this.#check(this.#all, this.#most, 'queue_full');
    if (tenant)
      this.#check(this.#of(tenant), tenant.shareOf({ most: this.#most, taken: this.#all }), 'tenant_concurrency');
    this.#add(tenant, 1);
    try {
      return await load();
    } finally {
      this.#add(tenant, -1);
    }
  }

  #of(tenant: Tenant): number {
    return this.#own.get(tenant) ?? 0;
  }

  #add(tenant: Tenant | undefined, count: number): void {
    this.#all += count;
    if (tenant) this.#own.set(tenant, this.#of(tenant) + count);
  }

  #check(waiting: number, most: number, code: string): void {
    if (waiting < most) return;
    const message = `${waiting} requests wait for models to be loaded, and ${most} is the most`;
    throw new HttpError(429, code, message, undefined, AGAIN_MS);
  }
}
