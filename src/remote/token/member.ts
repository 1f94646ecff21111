import { BanyanError } from '../../kit/errors.js';
import type { Dialect, WireHint, WireRequest } from '../dialects/dialect.js';
import { Outbox } from './outbox.js';
import { Transport, WireFailure } from './transport.js';

/** Advice that is not taken by then is late. */
const LATE_MS = 5_000;

/** What a caller says of one server; see RemoteOptions. */
export interface MemberSetup {
  url: string;
  dialect: Dialect;
  /** The model's name there. */
  model: string;
  headers: Record<string, string>;
  priorities: boolean;
}

/** One server: how it is reached and what it speaks. */
export class Member {
  readonly url: string;
  readonly dialect: Dialect;
  readonly model: string;
  readonly priorities: boolean;
  readonly #transport: Transport;
  readonly #outbox = new Outbox((hints) => this.#post(hints));

  constructor({ url, dialect, model, headers, priorities }: MemberSetup) {
    this.url = url;
    this.dialect = dialect;
    this.model = model;
    this.priorities = priorities;
    this.#transport = new Transport(url, headers);
  }

  /** The events of an answer. The body was checked before: what is thrown is a WireFailure. Advice that waits goes along. */
  events(asked: WireRequest, signal: AbortSignal) {
    const { path } = this.dialect;
    const wire = { ...asked, hints: this.#outbox.take() };
    return this.#transport.events(path, this.dialect.body(wire), this.dialect.headers?.(wire) ?? {}, signal);
  }

  /** Token ids of a text, as the server makes them; undefined: it does not say. Throws WireFailure. */
  async tokenize(text: string, signal: AbortSignal): Promise<readonly number[] | undefined> {
    const { tokenize } = this.dialect;
    if (!tokenize) return undefined;
    const reply = Object(await this.#transport.json(tokenize.path, tokenize.body(text, this.model), signal));
    if (!Array.isArray(reply.tokens)) throw new WireFailure('broken', `${tokenize.path} gave no tokens`);
    return reply.tokens;
  }

  /** Whether it is there at all, without work for its model. Throws WireFailure where it is not, or not ready. */
  async probe(signal: AbortSignal): Promise<void> {
    try {
      await this.#transport.json('/v1/models', undefined, signal);
    } catch (reason) {
      if (!(reason instanceof WireFailure)) throw reason;
      if (reason.kind !== 'refused') throw new WireFailure('broken', reason.message, 0, reason);
    }
  }

  /** Advice, as far as it takes any: soon, or right before the next request. */
  tell(hint: WireHint): void {
    if (this.dialect.hint) this.#outbox.add(hint);
  }

  async close(): Promise<void> {
    await this.#outbox.flush();
    await this.#transport.close();
  }

  async #post(hints: readonly WireHint[]): Promise<void> {
    const { hint: told } = this.dialect;
    if (told) await this.#transport.json(told.path, told.body(hints), AbortSignal.timeout(LATE_MS));
  }

  /** A failure as a caller is told of it. */
  failure(reason: WireFailure, code: 'REMOTE_FAILED' | 'STREAM_BROKEN'): BanyanError {
    const message = `${this.url} ${reason.message}`;
    if (reason.kind !== 'busy') return new BanyanError(code, message, { cause: reason, field: reason.field });
    return new BanyanError('BACKPRESSURE', message, { retryAfter: Math.max(1, reason.retryAfterMs), cause: reason });
  }
}
