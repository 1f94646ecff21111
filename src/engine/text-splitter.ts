import type { ChatFormat, NativeMessage } from '../native/binding.js';
import { asBanyanError } from './errors.js';
import type { RequestHost } from './request.js';

type TextEvent = { type: 'text' | 'reasoning'; text: string };

/**
 * Turns raw output into what is new for a reader: visible text and reasoning, never tool-call syntax. It runs when a
 * reader reads, so an answer that nobody streams is parsed once, at its end.
 */
export class TextSplitter {
  readonly #host: RequestHost;
  readonly #format: ChatFormat | null;
  #raw = '';
  readonly #sent = { text: '', reasoning: '' };

  /** Without a format the output is plain text. */
  constructor(host: RequestHost, format: ChatFormat | null) {
    this.#host = host;
    this.#format = format;
  }

  *push(text: string): Generator<TextEvent, void, undefined> {
    this.#raw += text;
    if (!this.#format) {
      this.#sent.text = this.#raw;
      yield { type: 'text', text };
    } else if (!this.#host.closed) {
      const { content, reasoning } = this.#parsed(this.#format);
      yield* this.#send('reasoning', reasoning);
      yield* this.#send('text', content);
    }
  }

  /** The parser holds back what could become a tool call; the end decides. */
  *end(whole: { text: string; reasoning: string }): Generator<TextEvent, void, undefined> {
    yield* this.#send('reasoning', whole.reasoning);
    yield* this.#send('text', whole.text);
  }

  #parsed(format: ChatFormat): NativeMessage {
    try {
      return this.#host.native.parseChat(format, this.#raw, true);
    } catch (reason) {
      throw asBanyanError(reason);
    }
  }

  *#send(type: TextEvent['type'], whole: string): Generator<TextEvent, void, undefined> {
    const sent = this.#sent[type];
    if (whole.length <= sent.length || !whole.startsWith(sent)) return;
    this.#sent[type] = whole;
    yield { type, text: whole.slice(sent.length) };
  }
}
