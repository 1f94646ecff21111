import type { WireFailure } from '../token/transport.js';

/** One of several engines elsewhere, as far as a choice between them needs it. */
export interface FarServer {
  /** Its address, or a name in place of one. */
  readonly url: string;
  /** What it speaks. */
  readonly dialect: { readonly name: string };
  /** Whether it is there, without work for its model; rejects where it is not. Absent: only a request tells. */
  probe?(signal: AbortSignal): Promise<void>;
}

/** What is to be sent, as far as a choice needs it. */
export interface Parcel {
  /** Of the prompt's full pages. */
  readonly keys: readonly number[];
  /** Tokens of the prompt, estimated where they are not known. */
  readonly promptTokens: number;
  /** 0: none. */
  readonly program: number;
  /** Milliseconds to the first token at most; 0: any time. */
  readonly ttftLimitMs: number;
}

/** What a try cost, as far as the server said it. */
export interface Cost {
  /** Tokens of the prompt; undefined: those of its parcel. */
  readonly prompt?: number;
  /** Of those: tokens that were cached; null: it does not say. */
  readonly cached: number | null;
  /** Tokens that came. */
  readonly output: number;
}

/** One try of a call, at one server. */
export interface Trip<One extends FarServer> {
  readonly member: One;
  /** Runs the try, unless the server is being left alone. */
  guard<Result>(run: () => Promise<Result>): Promise<Result>;
  /** Its first token came. */
  answered(): void;
  /** It is over. */
  ended(failure: WireFailure | undefined, cost: Cost): void;
}

/** Where calls go. */
export interface Servers<One extends FarServer> {
  /** The next try of a call. `failed`: servers that it has failed on, the latest last; they come last, and that one after all others. Throws BACKPRESSURE. */
  send(parcel: Parcel, failed: ReadonlySet<One>, cancelled: AbortSignal): Trip<One> | Promise<Trip<One>>;
  /** A server takes requests now that is none of these. */
  elsewhere(failed: ReadonlySet<One>): boolean;
  /** A program asks no more. */
  finished(program: number): void;
  /** Retries of one request. Default 2. */
  readonly mostRetries?: number | undefined;
}
