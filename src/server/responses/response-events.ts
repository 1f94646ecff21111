import { eventFrame } from '../http/event-frame.js';
import type { SseWriter } from '../http/sse-writer.js';

/** What the data of an event begins with. */
const OPENING = 'data: {';

/** The events of one streamed response: each is named, has its name in its data too, and is numbered. */
export class ResponseEvents {
  readonly #sse: SseWriter;
  #sequence = 0;

  /** `begin`: the stream, given its sign of life. No comment: some clients count only events. */
  constructor(begin: (silence: () => string) => SseWriter) {
    this.#sse = begin(() => `event: keepalive\ndata: ${JSON.stringify(this.#numbered('keepalive', {}))}\n\n`);
  }

  tell(type: string, fields: object): void {
    this.#sse.send(this.#numbered(type, fields), type);
  }

  /** Tells of a text that grows, once for each piece of it: `fields` has the piece at one place. */
  growing(type: string, fields: (text: string) => object): (text: string) => void {
    const { before, after, ascii } = eventFrame(fields);
    const start = `event: ${type}\n${OPENING}"type":"${type}","sequence_number":`;
    const rest = `,${before.slice(OPENING.length)}`;
    return (text) => this.#sse.grow({ before: `${start}${this.#sequence++}${rest}`, after, ascii }, text);
  }

  end(): void {
    this.#sse.end();
  }

  #numbered(type: string, fields: object): object {
    return { type, sequence_number: this.#sequence++, ...fields };
  }
}
