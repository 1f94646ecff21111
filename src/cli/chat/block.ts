const QUOTES = '"""';

/** Lines between two `"""` are one text. */
export class Block {
  #lines: string[] | undefined;

  /** Its end has not come yet. */
  get open(): boolean {
    return this.#lines !== undefined;
  }

  /** The text that a line completes; undefined: more lines belong to it. */
  add(line: string): string | undefined {
    if (this.#lines === undefined) {
      if (!line.trimStart().startsWith(QUOTES)) return line.trim();
      this.#lines = [];
      return this.#more(line.trimStart().slice(QUOTES.length));
    }
    return this.#more(line);
  }

  /** What of it has no end, as the input has ended; undefined: nothing. */
  end(): string | undefined {
    const lines = this.#lines;
    this.#lines = undefined;
    return lines?.join('\n');
  }

  #more(line: string): string | undefined {
    const last = line.trimEnd().endsWith(QUOTES);
    this.#lines?.push(last ? line.trimEnd().slice(0, -QUOTES.length) : line);
    return last ? this.end()?.trim() : undefined;
  }
}
