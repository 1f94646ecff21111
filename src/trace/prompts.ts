import type { TracePrompt, TraceTokens } from './format.js';
import { type ChainKey, TokenChain } from './token-chain.js';

/** A request's tokens so far, as the trace names them. */
export interface Traced {
  request: number;
  length: number;
  /** Stands at the end of its tokens. */
  chain: TokenChain;
}

/**
 * How the tokens of a recording are written: as names or as they are, and each prompt as what it adds to an earlier one.
 * Names stand for whole prefixes, so the last name of an earlier request, met again, means its whole past.
 */
export class TracePrompts {
  readonly #key: ChainKey;
  readonly #tokens: TraceTokens;
  readonly #tenants = new Map<string, number>([['', 0]]);
  /** The ends of earlier prompts, alone and with their answers, by the name of the last token. */
  readonly #ends = new Map<number, { request: number; length: number }>();

  constructor(key: ChainKey, tokens: TraceTokens) {
    this.#key = key;
    this.#tokens = tokens;
  }

  /** The tenant's number: in order of appearance, 0 = none given. */
  tenant(salt: string): number {
    const known = this.#tenants.get(salt) ?? this.#tenants.size;
    this.#tenants.set(salt, known);
    return known;
  }

  /** A prompt, cut to what it adds; `chain` goes on from its end. */
  prompt(salt: string, tokens: Int32Array): { line: TracePrompt; chain: TokenChain } {
    const chain = new TokenChain(this.#key, this.tenant(salt));
    const names = Array.from(tokens, (token) => chain.push(token));
    for (let keep = names.length; keep > 0; keep--) {
      const end = this.#ends.get(names[keep - 1] as number);
      if (end?.length !== keep) continue;
      return { line: { base: end.request, keep, tokens: this.#written(tokens, names, keep) }, chain };
    }
    return { line: { base: 0, keep: 0, tokens: this.#written(tokens, names, 0) }, chain };
  }

  /** The end of these tokens can be the past of others from now on. */
  remember(request: number, length: number, chain: TokenChain): void {
    this.#ends.set(chain.name, { request, length });
  }

  /** An answer; its end can be the past of others. */
  output({ request, length, chain }: Traced, tokens: readonly number[]): number[] {
    const names = tokens.map((token) => chain.push(token));
    if (names.length > 0) this.remember(request, length + names.length, chain);
    return this.#tokens === 'ids' ? [...tokens] : names;
  }

  #written(tokens: Int32Array, names: number[], from: number): number[] {
    return this.#tokens === 'ids' ? [...tokens.subarray(from)] : names.slice(from);
  }
}
