import { randomBytes } from 'node:crypto';

/**
 * Ids of an answer's calls: unlike the model's own they occur once in a conversation, so that clients that keep
 * results by their ids find them.
 */
export class CallIds {
  readonly #ids: string[] = [];

  of(index: number): string {
    this.#ids[index] ??= `call_${randomBytes(12).toString('hex')}`;
    return this.#ids[index];
  }
}
