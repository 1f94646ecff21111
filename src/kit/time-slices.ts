/** Work of a slice, in characters: about a millisecond. */
export const SLICE = 131_072;

/** Long work on the caller's thread in slices: between two of them the event loop gets its turn. */
export class TimeSlices {
  #done = 0;

  /** Says how much was done, in characters or what costs as much. Undefined until it is time to let others go first. */
  after(work: number): Promise<void> | undefined {
    this.#done += work;
    if (this.#done < SLICE) return undefined;
    this.#done = 0;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
