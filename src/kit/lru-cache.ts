/**
 * What was made lately, by key: the `most` values that were asked for last are kept, as long as their keys have no more than
 * `mostCharacters` together. Values are about as large as their keys: who sends large ones fills no memory with them.
 */
export class LruCache<Value> {
  readonly #most: number;
  readonly #mostCharacters: number;
  readonly #values = new Map<string, Value>();
  #characters = 0;

  constructor(most: number, mostCharacters = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.#mostCharacters = mostCharacters;
  }

  /** The value of the key, made now if it is not kept. What throws is not kept. */
  get(key: string, make: () => Value): Value {
    const value = this.#values.has(key) ? (this.#values.get(key) as Value) : make();
    this.delete(key); // the latest last
    this.#values.set(key, value);
    this.#characters += key.length;
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most && this.#characters <= this.#mostCharacters) break;
      this.delete(oldest);
    }
    return value;
  }

  /** The value of the key; undefined: it is not kept. */
  find(key: string): Value | undefined {
    return this.#values.has(key) ? this.get(key, () => this.#values.get(key) as Value) : undefined;
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#characters -= key.length;
  }
}
