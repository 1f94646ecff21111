import { asBanyanError } from '../kit/errors.js';
import type { AnswerHandle, NativeAnswerEnd, NativeEngine, NativeReading } from '../native/binding.js';
import type { RequestEvent } from '../native/events.js';
import type { FinishReason } from '../native/vocabulary.js';

/** Tokens that another engine samples, read as our own are: text, reasoning, calls, stop texts, the end. */
export class AnswerReader {
  readonly #native: NativeEngine;
  readonly #handle: AnswerHandle;
  #finished = false;
  #outputTokens = 0;
  #endToken = false;

  /** Use `Vocabulary.openAnswer()`. */
  constructor(native: NativeEngine, handle: AnswerHandle) {
    this.#native = native;
    this.#handle = handle;
  }

  /** A token, a stop text or the limit has ended it: no further token counts. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Its last token is one that ends the model's turn. */
  get endToken(): boolean {
    return this.#endToken;
  }

  /** Tokens of the answer so far, its end token not among them. */
  get outputTokens(): number {
    return this.#outputTokens;
  }

  /** The events of these tokens. Throws INVALID_OPTION for ids that are none. */
  read(request: number, tokens: readonly number[]): RequestEvent[] {
    const readings = this.#now((native) => native.readAnswer(this.#handle, Int32Array.from(tokens)));
    return readings.flatMap((reading) => this.#events(request, reading));
  }

  /** What the end gives. `reason` counts unless the answer had ended by itself. */
  end(request: number, reason: FinishReason): NativeAnswerEnd & { events: RequestEvent[] } {
    const end = this.#now((native) => native.endAnswer(this.#handle, reason));
    this.#finished = true;
    return { ...end, events: end.last ? this.#events(request, end.last) : [] };
  }

  /** In the order in which an engine tells them: calls that were cut, tokens, calls. */
  #events(request: number, reading: NativeReading): RequestEvent[] {
    const { token, content: text, reasoning, pieces, toolCalls, firstCall, finished = true } = reading;
    this.#finished ||= finished;
    if (token >= 0) this.#outputTokens++;
    else if (reading.finished) this.#endToken = true;
    const told = pieces.map(({ type, index, id, name, arguments: delta }): RequestEvent & { index: number } => {
      if (type === 'call-start') return { type, request, index, id, name };
      return type === 'call-args' ? { type, request, index, delta } : { type, request, index };
    });
    const rest = told.filter(({ type }) => type !== 'call-cut');
    const calls = toolCalls.flatMap((call, offset): RequestEvent[] => {
      const index = firstCall + offset;
      const before = rest.splice(0, rest.filter((piece) => piece.index <= index).length);
      return [...before, { type: 'tool-call', request, index, call }];
    });
    const said = token >= 0 || text !== '' || reasoning !== '';
    const tokens: RequestEvent = { type: 'tokens', request, tokens: token >= 0 ? [token] : [], text, reasoning };
    return [...told.filter(({ type }) => type === 'call-cut'), ...(said ? [tokens] : []), ...calls, ...rest];
  }

  #now<Result>(call: (native: NativeEngine) => Result): Result {
    try {
      return call(this.#native);
    } catch (reason) {
      throw asBanyanError(reason);
    }
  }
}
