import type { Generation } from '../engine/generation.js';

const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

/** Shows an answer while it comes: text on stdout, what the model thinks before it dim on stderr, if that is a terminal. */
export class AnswerWriter {
  #dim = false;

  /** Resolves when the answer has ended, whichever way; its line is closed then. Never rejects: the generation tells. */
  async write(generation: Generation): Promise<void> {
    try {
      for await (const event of generation) {
        if (event.type === 'text') this.#text(event.text);
        if (event.type === 'reasoning') this.#reasoning(event.text);
      }
    } catch {
      // The caller who awaits the generation hears of it.
    } finally {
      this.#light();
      process.stdout.write('\n');
    }
  }

  #text(text: string): void {
    this.#light();
    process.stdout.write(text);
  }

  #reasoning(text: string): void {
    if (!process.stderr.isTTY) return;
    if (!this.#dim) process.stderr.write(DIM);
    this.#dim = true;
    process.stderr.write(text);
  }

  #light(): void {
    if (!this.#dim) return;
    process.stderr.write(`${PLAIN}\n`);
    this.#dim = false;
  }
}
