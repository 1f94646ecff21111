const NONE = -1;
const FIRST = 1_024;

/**
 * The latest keys, at most so many, each with the time of its last use. A table of numbers: a Map whose entries are put at its end
 * at each use is copied whole every few thousand of them, and the request that waits for that waits for milliseconds.
 *
 *   heads[hash] -> slot -> chain[slot] -> ...      slots of one hash
 *   oldest -> newer[slot] -> ... -> newest         slots by last use; a free slot is in `chain` of #free
 */
export class RecentKeys {
  readonly #most: number;
  #capacity = 0;
  #keys = new Int32Array(0);
  #used = new Float64Array(0);
  #chain = new Int32Array(0);
  #older = new Int32Array(0);
  #newer = new Int32Array(0);
  #heads = new Int32Array(0);
  #oldest = NONE;
  #newest = NONE;
  #free = NONE;
  #size = 0;

  /** `most` 1 or more. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** When it was used last; undefined: it is not there. Does not count as a use. */
  usedAt(key: number): number | undefined {
    const slot = this.#size === 0 ? NONE : this.#find(key);
    return slot === NONE ? undefined : this.#used[slot];
  }

  /** Is used now: a new one may take the place of the one that was used longest ago. */
  use(key: number, now: number): void {
    const found = this.#size === 0 ? NONE : this.#find(key);
    const slot = found === NONE ? this.#take(key) : found;
    if (found !== NONE) this.#unlink(slot);
    this.#used[slot] = now;
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#newer[this.#newest] = slot;
    this.#newest = slot;
  }

  delete(key: number): void {
    const slot = this.#size === 0 ? NONE : this.#find(key);
    if (slot !== NONE) this.#drop(slot);
  }

  clear(): void {
    this.#capacity = 0;
    this.#size = 0;
    this.#oldest = this.#newest = this.#free = NONE;
  }

  #at(slots: Int32Array, slot: number): number {
    return slots[slot] ?? NONE;
  }

  #find(key: number): number {
    let slot = this.#at(this.#heads, this.#bucket(key));
    while (slot !== NONE && this.#keys[slot] !== key) slot = this.#at(this.#chain, slot);
    return slot;
  }

  /** There are twice as many as slots, a power of two. */
  #bucket(key: number): number {
    return (Math.imul(key ^ (key >>> 16), 0x9e3779b1) >>> 8) & (this.#heads.length - 1);
  }

  /** A slot for a key that has none. */
  #take(key: number): number {
    if (this.#size === this.#most) this.#drop(this.#oldest);
    else if (this.#free === NONE) this.#grow();
    const slot = this.#free;
    this.#free = this.#at(this.#chain, slot);
    this.#keys[slot] = key;
    this.#hang(slot);
    this.#size++;
    return slot;
  }

  #hang(slot: number): void {
    const bucket = this.#bucket(this.#at(this.#keys, slot));
    this.#chain[slot] = this.#at(this.#heads, bucket);
    this.#heads[bucket] = slot;
  }

  #drop(slot: number): void {
    this.#unlink(slot);
    const bucket = this.#bucket(this.#at(this.#keys, slot));
    let before = NONE;
    for (let at = this.#at(this.#heads, bucket); at !== slot; at = this.#at(this.#chain, at)) before = at;
    const after = this.#at(this.#chain, slot);
    if (before === NONE) this.#heads[bucket] = after;
    else this.#chain[before] = after;
    this.#chain[slot] = this.#free;
    this.#free = slot;
    this.#size--;
  }

  #unlink(slot: number): void {
    const [older, newer] = [this.#at(this.#older, slot), this.#at(this.#newer, slot)];
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
  }

  /** All slots are taken: four times as many, and all keys hang anew. */
  #grow(): void {
    const before = this.#capacity;
    this.#capacity = Math.min(this.#most, Math.max(FIRST, 4 * before));
    const wider = (slots: Int32Array) => {
      const copy = new Int32Array(this.#capacity);
      copy.set(slots.subarray(0, before));
      return copy;
    };
    [this.#keys, this.#chain] = [wider(this.#keys), wider(this.#chain)];
    [this.#older, this.#newer] = [wider(this.#older), wider(this.#newer)];
    const used = new Float64Array(this.#capacity);
    used.set(this.#used.subarray(0, before));
    this.#used = used;
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(2 * this.#capacity))).fill(NONE);
    for (let slot = 0; slot < before; slot++) this.#hang(slot);
    for (let slot = this.#capacity - 1; slot >= before; slot--) {
      this.#chain[slot] = this.#free;
      this.#free = slot;
    }
  }
}
