import type { Signatures } from '../../stateless/signature.js';

/**
 * Reasoning as `encrypted_content` of an item, so that clients that keep nothing else send it back: its text and its signature.
 * It is not secret, the item's own content says the same; it only tells this model's reasoning from others'.
 */
export class ReasoningSeal {
  readonly #signatures: Signatures;

  constructor(signatures: Signatures) {
    this.#signatures = signatures;
  }

  of(reasoning: string): string {
    return `${this.#signatures.of(reasoning)}.${Buffer.from(reasoning).toString('base64')}`;
  }

  /** The text; empty when there is none, or it is another model's. */
  open(sealed: string | null | undefined): string {
    const [signature = '', text = ''] = (sealed ?? '').split('.');
    const reasoning = Buffer.from(text, 'base64').toString();
    return this.#signatures.isOurs(reasoning, signature) ? reasoning : '';
  }
}
