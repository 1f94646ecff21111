import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Signatures of reasoning. Clients send reasoning back with its signature: with ours it is the model's own and goes into the
 * prompt again, without it (another model's, or edited) it is left out. The key is the model's digest: the same after a restart.
 */
export class Signatures {
  readonly #key: string;

  constructor(modelDigest: string) {
    this.#key = modelDigest;
  }

  of(reasoning: string): string {
    return createHmac('sha256', this.#key).update(reasoning).digest('base64');
  }

  isOurs(reasoning: string, signature: string): boolean {
    const [expected, given] = [this.of(reasoning), signature].map((text) => Buffer.from(text)) as [Buffer, Buffer];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}
