import { BanyanError } from '../../kit/errors.js';

type Kind = 'text' | 'reasoning';

/** What of an answer was told. A second one, after the first broke off, has to begin with it, and only what goes beyond is told. */
export class Told {
  readonly #told = { text: '', reasoning: '' };
  readonly #read = { text: 0, reasoning: 0 };

  get any(): boolean {
    return this.#told.text !== '' || this.#told.reasoning !== '';
  }

  /** The answer comes again, from its beginning. */
  again(): void {
    this.#read.text = 0;
    this.#read.reasoning = 0;
  }

  /** What of a piece was not told yet; it is now. Throws STREAM_BROKEN where another text was told at its place. */
  fresh(kind: Kind, piece: string): string {
    const known = this.#told[kind].slice(this.#read[kind], this.#read[kind] + piece.length);
    if (!piece.startsWith(known)) throw another();
    this.#read[kind] += piece.length;
    const fresh = piece.slice(known.length);
    this.#told[kind] += fresh;
    return fresh;
  }

  /** The answer is whole. Throws STREAM_BROKEN where more was told than it has. */
  end(): void {
    const { text, reasoning } = this.#told;
    if (this.#read.text < text.length || this.#read.reasoning < reasoning.length) throw another();
  }
}

const another = () => new BanyanError('STREAM_BROKEN', 'The answer broke off, and was another one the second time');
