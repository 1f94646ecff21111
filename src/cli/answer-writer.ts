import type { Generation } from '../engine/generation.js';

const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';

/**
 * Shows an answer while it comes: text on stdout, and on stderr, if that is a terminal, how far a long prompt has been read and, dim,
 * what the model thinks. For the first the generation has the option `progress`.
 */
export class AnswerWriter {
  #dim = false;
  #shown = '';

  /** Resolves when the answer has ended, whichever way; its line is closed then. Never rejects: the generation tells. */
  async write(generation: Generation): Promise<void> {
    try {
      for await (const event of generation) {
        if (event.type === 'prefill') this.#prefill(event.done, event.total);
        if (event.type === 'text') this.#text(event.text);
        if (event.type === 'reasoning') this.#reasoning(event.text);
      }
    } catch {
      // The caller who awaits the generation hears of it.
    } finally {
      this.#show('');
      this.#light();
      process.stdout.write('\n');
    }
  }

  #prefill(done: number, total: number): void {
    const percent = Math.floor((done / total) * 100);
    this.#show(done < total ? `Reading ${total} tokens ${percent}%` : '');
  }

  /** A line that rewrites itself. */
  #show(text: string): void {
    if (!process.stderr.isTTY || text === this.#shown) return;
    process.stderr.write(`\r${' '.repeat(this.#shown.length)}\r${text}`);
    this.#shown = text;
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
