import { createInterface, type Interface } from 'node:readline';
import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import type { TurnOptions } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import { AnswerWriter } from './answer-writer.js';
import { loadWithProgress } from './load-model.js';
import type { Stop } from './stop.js';

const HELP = '/new forgets the conversation, /exit ends. Ctrl-C stops an answer; between answers it ends.';

/** A conversation on the terminal, or of the lines of a piped input. */
export async function chat(options: {
  engine: EngineOptions;
  answer: TurnOptions;
  system: string | undefined;
  stop: Stop;
}): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  try {
    if (!engine.info.hasChatTemplate) {
      const message =
        'This model has no chat template, it only goes on with texts: banyan run --model ... "Once upon a time"';
      throw new BanyanError('MODEL_UNSUPPORTED', message, { field: 'model' });
    }
    const { name, architecture } = engine.info;
    process.stderr.write(`${name || architecture}. ${HELP}\n`);
    await new Talk(engine, options).lines();
  } finally {
    await engine.close();
  }
}

class Talk {
  readonly #engine: Engine;
  readonly #options: { answer: TurnOptions; system: string | undefined; stop: Stop };
  readonly #terminal: Interface;
  #session: Session;
  #answering: AbortController | undefined;

  constructor(engine: Engine, options: { answer: TurnOptions; system: string | undefined; stop: Stop }) {
    this.#engine = engine;
    this.#options = options;
    this.#session = this.#newSession();
    this.#terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
    // On a terminal readline gets the key, not the process the signal.
    this.#terminal.on('SIGINT', () => (this.#answering ? this.#answering.abort() : options.stop.stop('SIGINT')));
    options.stop.signal.addEventListener('abort', () => {
      this.#answering?.abort();
      this.#terminal.close();
    });
  }

  async lines(): Promise<void> {
    this.#ask();
    for await (const line of this.#terminal) {
      if (this.#options.stop.signal.aborted) return;
      const said = line.trim();
      if (said === '/exit' || said === '/quit') return this.#terminal.close();
      if (said === '/new') this.#session = this.#newSession();
      else if (said.startsWith('/')) process.stderr.write(`${HELP}\n`);
      else if (said !== '') await this.#answer(said);
      this.#ask();
    }
  }

  /** A turn that fails leaves the conversation as it was: the next line may go better. */
  async #answer(said: string): Promise<void> {
    this.#answering = new AbortController();
    try {
      const generation = this.#session.generate(said, { progress: true, signal: this.#answering.signal });
      await new AnswerWriter().write(generation);
      await generation;
      if (this.#session.lastTurn?.dropped) process.stderr.write('(The beginning of the conversation is forgotten.)\n');
    } catch (reason) {
      const { code, message } = asBanyanError(reason);
      if (code === 'PROMPT_TOO_LONG') process.stderr.write('That is more than the context holds: say it in less.\n');
      else if (code !== 'ABORTED') process.stderr.write(`${code}: ${message}\n`);
    } finally {
      this.#answering = undefined;
    }
  }

  #newSession(): Session {
    const { system, answer } = this.#options;
    return this.#engine.session({ ...answer, system, onOverflow: 'trim' });
  }

  #ask(): void {
    if (process.stdout.isTTY && !this.#options.stop.signal.aborted) this.#terminal.prompt();
  }
}
