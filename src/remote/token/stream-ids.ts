import type { Vocabulary } from '../../backend/vocabulary.js';
import type { WirePiece } from '../dialects/dialect.js';
import { WireFailure } from './transport.js';

/** Token ids out of the pieces of one stream: each is one of the vocabulary, and none is missing. */
export class StreamIds {
  readonly #vocabulary: Pick<Vocabulary, 'info' | 'missingTokens'>;
  #count = 0;

  constructor(vocabulary: Pick<Vocabulary, 'info' | 'missingTokens'>) {
    this.#vocabulary = vocabulary;
  }

  /** Throws WireFailure for what is no answer of this model. */
  read({ tokens, text, count, end }: WirePiece): number[] {
    const ids = this.#checked(tokens);
    this.#count += ids.length;
    if (count === undefined || (end !== undefined && ids.length === 0)) return ids;
    const left = typeof count === 'number' ? count - this.#count : Number.NaN;
    if (!Number.isInteger(left) || left < 0) throw new WireFailure('broken', 'it counts its tokens wrong');
    if (left === 0) return ids;
    this.#count += left;
    return [...this.#missing(text, left, ids), ...ids];
  }

  #checked(tokens: unknown): number[] {
    const { vocabSize } = this.#vocabulary.info;
    if (!Array.isArray(tokens)) throw new WireFailure('broken', 'it gives no token ids');
    for (const id of tokens) {
      if (Number.isInteger(id) && id >= 0 && id < vocabSize) continue;
      const shown = typeof id === 'number' ? id : `(${typeof id})`; // not all values have a text
      throw new WireFailure('broken', `token ${shown} is not in the vocabulary`);
    }
    return tokens;
  }

  /** llama-server tells of no token that ends within a character. */
  #missing(text: unknown, left: number, ids: readonly number[]): number[] {
    const [last] = ids;
    const found =
      last !== undefined && ids.length === 1 && typeof text === 'string' && left <= 64
        ? this.#vocabulary.missingTokens(text, left, last)
        : [];
    if (found.length === left) return found;
    throw new WireFailure('broken', `${left} of its tokens are missing`);
  }
}
