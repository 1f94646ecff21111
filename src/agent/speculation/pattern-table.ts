import { CallContext } from './call-context.js';

/** Characters of all patterns together. */
const MOST_CHARACTERS = 2 ** 23;

/**
 * Contexts of all tenants, each by its own name: no tenant's arguments are seen by another's runs. The `most` contexts that were
 * used last are kept, as long as they have no more than 8 Mi characters together.
 */
export class PatternTable {
  readonly #most: number;
  readonly #contexts = new Map<string, { context: CallContext; size: number }>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#contexts.size;
  }

  find(tenant: string, name: string): CallContext | undefined {
    const key = keyOf(tenant, name);
    const found = this.#contexts.get(key);
    if (!found) return undefined;
    this.#contexts.delete(key); // the latest last
    this.#contexts.set(key, found);
    return found.context;
  }

  /** Changes the context of this name, a new one if there is none. */
  change(tenant: string, name: string, change: (context: CallContext) => void): void {
    const context = this.find(tenant, name) ?? new CallContext();
    change(context);
    this.put(keyOf(tenant, name), context);
  }

  /** `key`: of `entries()`. */
  put(key: string, context: CallContext): void {
    this.#delete(key);
    const size = key.length + context.size;
    this.#contexts.set(key, { context, size });
    this.#size += size;
    for (const oldest of this.#contexts.keys()) {
      if (this.#contexts.size <= this.#most && this.#size <= MOST_CHARACTERS) break;
      this.#delete(oldest);
    }
  }

  /** The one that was used longest ago first. */
  *entries(): Iterable<[key: string, context: CallContext]> {
    for (const [key, { context }] of this.#contexts) yield [key, context];
  }

  #delete(key: string): void {
    const found = this.#contexts.get(key);
    if (this.#contexts.delete(key)) this.#size -= found?.size ?? 0;
  }
}

const keyOf = (tenant: string, name: string) => JSON.stringify([tenant, name]);
