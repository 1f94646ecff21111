import type { ChatMessage } from '../../chat/chat-message.js';
import type { Engine } from '../../engine/engine.js';
import type { GenerationResult, Usage } from '../../engine/generation.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { Session } from '../../engine/session.js';
import { asBanyanError } from '../../kit/errors.js';
import { AnswerWriter } from '../answer-writer.js';
import { usageInWords } from '../usage-words.js';
import { HELP, readCommand } from './commands.js';
import { loadChat, saveChat } from './saved-chat.js';
import type { Screen } from './screen.js';
import { settingsInWords, withSetting } from './settings.js';

export interface TalkOptions {
  answer: TurnOptions;
  system: string | undefined;
  /** An answer is a line of JSON: text, reasoning, finishReason and usage, or an error. */
  json: boolean;
}

/** One conversation: what is said goes to the model, commands change what it is. */
export class Talk {
  readonly #engine: Engine;
  readonly #screen: Screen;
  readonly #json: boolean;
  #answer: TurnOptions;
  #system: string | undefined;
  #session: Session;
  #answering: AbortController | undefined;
  #usage: Usage | undefined;

  /** Throws INVALID_OPTION. */
  constructor(engine: Engine, screen: Screen, { answer, system, json }: TalkOptions) {
    this.#engine = engine;
    this.#screen = screen;
    this.#json = json;
    this.#answer = answer;
    this.#system = system;
    this.#session = this.#begun(system, []);
  }

  /** Stops the answer under way. False: there is none. */
  stop(): boolean {
    this.#answering?.abort();
    return this.#answering !== undefined;
  }

  /** What was said, or commanded. False: it was to end. A turn or a command that fails leaves the conversation as it was. */
  async take(said: string): Promise<boolean> {
    try {
      const command = readCommand(said);
      if (command === undefined) await this.#say(said);
      else if (command.name === '/bye') return false;
      else await this.#do(command.name, command.rest);
    } catch (reason) {
      const { code, message } = asBanyanError(reason);
      this.note(`${code}: ${message}`);
    }
    return true;
  }

  note(text: string): void {
    this.#screen.notes.write(`${text}\n`);
  }

  async #do(name: Exclude<ReturnType<typeof readCommand>, undefined>['name'], rest: string): Promise<void> {
    const { messages } = this.#session;
    switch (name) {
      case '/system':
        if (rest === '') return this.note(this.#system ?? 'The model is told nothing first.');
        return this.#become(rest === '""' ? undefined : rest, withoutSystem(messages));
      case '/clear':
        return this.#become(this.#system, []);
      case '/save':
        await saveChat(rest, { system: this.#system, messages: withoutSystem(messages) });
        return this.note(`Kept in ${rest}.`);
      case '/load': {
        const { system, messages: loaded } = await loadChat(rest);
        this.#become(system, loaded);
        return this.note(`${loaded.length} messages.`);
      }
      case '/set':
        if (rest === '') return this.note(settingsInWords(this.#answer));
        this.#answer = withSetting(this.#answer, rest);
        return;
      case '/stats':
        return this.note(this.#stats());
      default:
        return this.note(HELP);
    }
  }

  async #say(said: string): Promise<void> {
    this.#answering = new AbortController();
    try {
      const { signal } = this.#answering;
      const generation = this.#session.generate(said, { ...this.#answer, progress: !this.#json, signal });
      if (!this.#json) await new AnswerWriter(this.#screen).write(generation);
      this.#tell(await generation);
      if (this.#session.lastTurn?.dropped) this.note('(The beginning of the conversation is forgotten.)');
    } catch (reason) {
      const { code, message } = asBanyanError(reason);
      if (this.#json) this.#line({ error: { code, message } });
      else if (code === 'PROMPT_TOO_LONG') this.note('That is more than the context holds: say it in less.');
      else if (code !== 'ABORTED') this.note(`${code}: ${message}`);
    } finally {
      this.#answering = undefined;
    }
  }

  #tell({ text, reasoning, finishReason, usage }: GenerationResult): void {
    this.#usage = usage;
    if (this.#json) this.#line({ text, reasoning, finishReason, usage });
  }

  #line(value: object): void {
    this.#screen.output.write(`${JSON.stringify(value)}\n`);
  }

  /** Other instructions, or other messages, are another session; a refused one leaves this. */
  #become(system: string | undefined, messages: readonly ChatMessage[]): void {
    const session = this.#begun(system, messages);
    void this.#session.close();
    this.#session = session;
    this.#system = system;
  }

  #begun(system: string | undefined, messages: readonly ChatMessage[]): Session {
    return this.#engine.session({ system, messages, onOverflow: 'trim' });
  }

  #stats(): string {
    const { name, architecture, maxContext } = this.#engine.info;
    const size = `${this.#session.messages.length} messages, ${this.#session.tokens.length} of ${maxContext} tokens`;
    const last = this.#usage ? `last answer: ${usageInWords(this.#usage)}` : 'no answer yet';
    return `${name || architecture}\n${size}\n${last}`;
  }
}

const withoutSystem = (messages: readonly ChatMessage[]) =>
  messages[0]?.role === 'system' ? messages.slice(1) : messages;
