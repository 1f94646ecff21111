import { chained } from '../../kit/files/hash-chain.js';
import { damaged } from './journal.js';

/** What the first line of a file follows. */
const BEGINNING = 'banyan journal';
const SUM = /,"sum":"([^"]*)"\}$/;

/**
 * The lines of a journal file in their order, each with a checksum of itself and all before it as its last member: `"sum"`. A line
 * that was changed, moved, left out or brought from elsewhere is known by it. Lines of an earlier Banyan have none; they are part of
 * the sums that come after them.
 */
export class SealedLines {
  #chain = BEGINNING;
  #sealed = false;

  /** The next line, for an entry's JSON. It counts once `written` is called. */
  next(text: string): { line: string; written: () => void } {
    const sum = chained(this.#chain, text);
    return { line: `${text.slice(0, -1)},"sum":"${sum}"}`, written: () => this.#follow(sum, true) };
  }

  /** The JSON of an entry, from its line. Throws JOURNAL_INVALID. */
  read(line: string, number: number): string {
    const sum = SUM.exec(line)?.[1];
    if (sum === undefined) {
      if (this.#sealed) throw damaged(number, 'it has no checksum, and lines before it have one');
      this.#follow(chained(this.#chain, line), false);
      return line;
    }
    const text = line.replace(SUM, '}');
    if (chained(this.#chain, text) !== sum) throw damaged(number, 'it is not as it was written, or not where');
    this.#follow(sum, true);
    return text;
  }

  #follow(sum: string, sealed: boolean): void {
    this.#chain = sum;
    this.#sealed = sealed;
  }
}
