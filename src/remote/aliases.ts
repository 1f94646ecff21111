import { createHmac, randomBytes } from 'node:crypto';

/** Names for tenants and programs that tell a server which requests belong together, and nothing else. */
export class Aliases {
  readonly #secret: Uint8Array;
  /** Stands for this process. */
  readonly client = randomBytes(6).toString('hex');

  /** `secret`: the same one gives the same names to tenants in every process. */
  constructor(secret: string | undefined) {
    this.#secret = secret === undefined ? randomBytes(32) : Buffer.from(secret);
  }

  /** '' for no tenant. */
  tenant(name: string): string {
    return name === '' ? '' : createHmac('sha256', this.#secret).update(name).digest('base64url');
  }

  /** '' for no program. */
  program(id: number): string {
    return id === 0 ? '' : `${this.client}-${id}`;
  }
}
