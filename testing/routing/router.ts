/** A request, as a router sees it. */
export interface Request {
  /** 0: none. */
  program: number;
  prompt: Int32Array;
  /** Of its full pages. */
  keys: readonly number[];
}

/** Where a request went, and what its router is told of it. Times in milliseconds. */
export interface Sent {
  engine: number;
  answered(at: number): void;
  /** `cached`: tokens of its prompt that the engine had. */
  ended(cached: number, at: number): void;
}

/** Sends a request to one of so many engines. */
export interface Router {
  send(request: Request, at: number): Sent;
  /** A program has ended. */
  finished?(program: number): void;
}
