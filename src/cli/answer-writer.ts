import type { Writable } from 'node:stream';
import type { Generation } from '../engine/generation.js';

const DIM = '\x1b[2m';
const PLAIN = '\x1b[0m';
const PROCESS = { output: process.stdout, notes: process.stderr };

/**
 * Shows an answer while it comes: its text, and on `notes`, if that is a terminal, how far a long prompt has been read and, dim,
 * what the model thinks. For the first the generation has the option `progress`.
 */
export class AnswerWriter {
  readonly #output: Writable;
  readonly #notes: Writable & { isTTY?: boolean | undefined };
  #dim = false;
  #shown = '';

  /** Default: stdout and stderr. */
  constructor({ output, notes }: { output: Writable; notes: Writable & { isTTY?: boolean | undefined } } = PROCESS) {
    this.#output = output;
    this.#notes = notes;
  }

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
      this.#output.write('\n');
    }
  }

  #prefill(done: number, total: number): void {
    const percent = Math.floor((done / total) * 100);
    this.#show(done < total ? `Reading ${total} tokens ${percent}%` : '');
  }

  /** A line that rewrites itself. */
  #show(text: string): void {
    if (!this.#notes.isTTY || text === this.#shown) return;
    this.#notes.write(`\r${' '.repeat(this.#shown.length)}\r${text}`);
    this.#shown = text;
  }

  #text(text: string): void {
    this.#light();
    this.#output.write(text);
  }

  #reasoning(text: string): void {
    if (!this.#notes.isTTY) return;
    if (!this.#dim) this.#notes.write(DIM);
    this.#dim = true;
    this.#notes.write(text);
  }

  #light(): void {
    if (!this.#dim) return;
    this.#notes.write(`${PLAIN}\n`);
    this.#dim = false;
  }
}
