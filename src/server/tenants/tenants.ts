import { createHash, timingSafeEqual } from 'node:crypto';
import { readKeysFile, type TenantEntry } from './keys-file.js';
import { Tenant } from './tenant.js';

const DIGEST_BYTES = 32;

/** The tenants of a keys file, found by their keys. The file can be read again while they are served. */
export class Tenants {
  readonly #path: string;
  readonly #leave: (gone: Tenant) => Promise<void>;
  readonly #make: (entry: TenantEntry, alone: boolean) => Tenant;
  #byName = new Map<string, Tenant>();
  /** Sorted by digest. */
  #keys: readonly { digest: Buffer; tenant: Tenant }[] = [];

  /** Throws INVALID_OPTION. `leave`: lets go what models keep for a tenant that has gone. `now`: milliseconds. */
  constructor(path: string, leave: (gone: Tenant) => Promise<void>, now: () => number = () => performance.now()) {
    this.#path = path;
    this.#leave = leave;
    this.#make = (entry, alone) => new Tenant(entry, alone, now);
    this.reload();
  }

  /** Reads the file again. Throws INVALID_OPTION: then all is as it was. Tenants that have gone from it end with the answers under way. */
  reload(): void {
    const entries = readKeysFile(this.#path);
    const alone = entries.length === 1;
    const byName = new Map<string, Tenant>();
    const gone = new Map(this.#byName);
    const keys: { digest: Buffer; tenant: Tenant }[] = [];
    for (const entry of entries) {
      const known = gone.get(entry.name);
      gone.delete(entry.name);
      known?.change(entry, alone);
      const tenant = known ?? this.#make(entry, alone);
      byName.set(entry.name, tenant);
      for (const key of entry.keys) keys.push({ digest: Buffer.from(key, 'hex'), tenant });
    }
    this.#byName = byName;
    this.#keys = keys.sort((a, b) => a.digest.compare(b.digest));
    for (const tenant of gone.values()) void this.#leave(tenant).catch(() => {}); // the engine was closed
  }

  /**
   * Whose key it is. A digest says nothing of its key: how far it is like others may show in the time that the search takes, the
   * last comparison takes the same time whatever they are.
   */
  of(key: string): Tenant | undefined {
    const digest = createHash('sha256').update(key).digest();
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle]?.digest.compare(digest) ?? 0) < 0) low = middle + 1;
      else high = middle;
    }
    const found = this.#keys[low];
    const equal = timingSafeEqual(found?.digest ?? Buffer.alloc(DIGEST_BYTES), digest);
    return equal ? found?.tenant : undefined;
  }

  /** Lets go what they wanted kept. */
  async close(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((tenant) => this.#leave(tenant)));
  }
}
