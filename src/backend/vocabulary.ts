import type { ChatFormat, NativeEngine, NativeRequest } from '../native/binding.js';
import { AnswerReader } from './answer-reader.js';
import type { BackendRequest, TokenCodec } from './backend.js';
import { asking } from './backend.js';
import { EventRouter } from './event-router.js';
import { NativeBackend } from './native-backend.js';

/** A model without its weights: the words of an engine that computes elsewhere. Same templates, tokens and reading of answers. */
export class Vocabulary extends NativeBackend implements TokenCodec {
  readonly #native: NativeEngine;

  /** Use `addon().loadVocabulary()`. */
  constructor(native: NativeEngine) {
    super(native, new EventRouter());
    this.#native = native;
  }

  /** A reader of the answer to a request, which it checks as an engine would. Throws INVALID_OPTION, PROMPT_TOO_LONG, CLOSED. */
  openAnswer(request: BackendRequest): AnswerReader {
    const { label: _, ...asked } = request;
    const whole: NativeRequest = { ...asked, grammar: request.grammar ?? '', jsonSchema: '' };
    return this.#now((native) => new AnswerReader(native, native.openAnswer(whole)));
  }

  /** GBNF of an answer of this format from its first token on, '' = none, and what the prompt has said of it already. */
  chatGrammar(format: ChatFormat | null): { grammar: string; begun: string } {
    return this.#now((native) => native.chatGrammar(format));
  }

  /** `count` tokens that are `text` before the token `last`, with which it ends; empty: there are none. */
  missingTokens(text: string, count: number, last: number): number[] {
    return [...this.#now((native) => native.missingTokens(text, count, last))];
  }

  #now<Result>(call: (native: NativeEngine) => Result): Result {
    return asking(this, () => call(this.#native));
  }
}
