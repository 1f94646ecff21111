import type { AgentHost, HostAnswer, HostProgram, HostSession, HostTurn } from '../../src/agent/host.js';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import { toToolCall } from '../../src/chat/chat-message.js';
import type { GenerationEvent, GenerationResult, Usage } from '../../src/engine/generation.js';
import type { Turn } from '../../src/engine/turn.js';
import { EventStream } from '../../src/kit/event-stream.js';
import type { NativeToolCall } from '../../src/native/binding.js';

/** What the scripted host says next: a text, calls of tools, or both. */
export interface Said {
  text?: string;
  calls?: NativeToolCall[];
}

export type HostScript = (messages: readonly ChatMessage[], turn: HostTurn) => Said;

const USAGE = { promptTokens: 1, cachedTokens: 0, computedTokens: 1, outputTokens: 1, ttftMs: 1, queueMs: 0 } as Usage;

/** One answer that is known from the beginning. */
class ScriptedAnswer extends EventStream<GenerationEvent, GenerationResult> implements HostAnswer {
  readonly result: Promise<GenerationResult>;
  readonly #answer: GenerationResult;

  constructor(answer: GenerationResult) {
    super();
    this.#answer = answer;
    this.result = Promise.resolve(answer);
  }

  cancel(): void {}

  async *toolCalls(): AsyncGenerator<{ index: number; call: ToolCall }, void, undefined> {
    for (const [index, call] of this.#answer.toolCalls.entries()) yield { index, call };
  }

  protected async *events(): AsyncGenerator<GenerationEvent, void, undefined> {
    if (this.#answer.text) yield { type: 'text', text: this.#answer.text };
    for await (const called of this.toolCalls()) yield { type: 'tool-call', ...called };
    yield { type: 'finish', result: this.#answer };
  }
}

/** A conversation without tokens of a model: a letter is one. */
class ScriptedSession implements HostSession {
  readonly onOverflow = 'error';
  tokens: number[] = [];
  messages: ChatMessage[] = [];
  lastTurn: Turn | undefined;
  readonly #script: HostScript;

  constructor(script: HostScript) {
    this.#script = script;
  }

  generate(message: string | readonly ChatMessage[], options: HostTurn): HostAnswer {
    const added = this.#added(message);
    const { text: content = '', calls: toolCalls = [] } = this.#script([...this.messages, ...added], options);
    const finishReason = toolCalls.length > 0 ? 'tool-calls' : 'stop';
    const said = { content, reasoning: '', toolCalls };
    const prompt = [...JSON.stringify(added)].map((letter) => letter.codePointAt(0) as number);
    this.restore(message, { prompt, tokens: [1], staticTokens: 0, message: said, finishReason, dropped: 0 });
    return new ScriptedAnswer({
      ...{ text: content, reasoning: '', toolCalls: toolCalls.map(toToolCall), object: undefined },
      ...{
        tokens: [1],
        logprobs: [],
        promptLogprobs: [],
        finishReason,
        stopText: undefined,
        shortened: false,
        usage: USAGE,
      },
    });
  }

  push(messages: readonly ChatMessage[]): void {
    this.messages.push(...messages);
  }

  restore(message: string | readonly ChatMessage[], turn: Turn): void {
    const { content, reasoning, toolCalls } = turn.message;
    this.messages.push(...this.#added(message));
    this.messages.push({ role: 'assistant', content, reasoning, toolCalls: toolCalls.map(toToolCall) });
    this.tokens.push(...turn.prompt, ...turn.tokens);
    this.lastTurn = turn;
  }

  #added(message: string | readonly ChatMessage[]): readonly ChatMessage[] {
    return typeof message === 'string' ? [{ role: 'user', content: message }] : message;
  }
}

/** An AgentHost without any engine: what an agent runs on when what computes is asked by messages alone. */
export class ScriptedHost implements AgentHost<HostSession> {
  readonly info = { digest: 'scripted', maxContext: 100_000 };
  closed = false;
  /** What programs were told, in order. */
  readonly told: string[] = [];
  readonly #script: HostScript;
  #programs = 0;

  constructor(script: HostScript) {
    this.#script = script;
  }

  session(): HostSession {
    return new ScriptedSession(this.#script);
  }

  program(): HostProgram {
    const tell = (what: string) => void this.told.push(what);
    return {
      id: ++this.#programs,
      toolStarted: (tool) => tell(`${tool} started`),
      toolEnded: (tool) => tell(`${tool} ended`),
      waitingForHuman: () => tell('waits'),
      finished: () => tell('finished'),
      report: async () => undefined,
    };
  }

  tokenize(text: string): Int32Array {
    return Int32Array.from([...text], (letter) => letter.codePointAt(0) as number);
  }

  detokenize(tokens: Int32Array): string {
    return String.fromCodePoint(...tokens);
  }
}
