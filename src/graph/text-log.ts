import { EventLog } from '../kit/event-log.js';

/** A node's text while it is written, of one try after the other. */
export class TextLog {
  readonly #tries: Try[] = [new Try()];

  /** The try that is under way, or is about to be. */
  get current(): Try {
    return this.#tries.at(-1) as Try;
  }

  /** The text comes again, from its beginning. */
  restart(): void {
    const failed = this.current;
    this.#tries.push(new Try());
    failed.end(true);
  }
}

/** The text of one try. */
export class Try {
  readonly #log = new EventLog<string>();
  #failed = false;

  /** True: what was read is not the node's text; another try follows. */
  get failed(): boolean {
    return this.#failed;
  }

  append(piece: string): void {
    this.#log.append(piece);
  }

  end(failed: boolean): void {
    this.#failed = failed;
    this.#log.close();
  }

  /** Throws at the end of a try that failed: a reader must not take a part for the whole. */
  async *read(): AsyncGenerator<string, void, undefined> {
    yield* this.#log.read();
    if (this.#failed) throw new Error('the node that writes this text has failed');
  }
}
