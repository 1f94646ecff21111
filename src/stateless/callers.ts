import type { ChatMessage } from '../chat/chat-message.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { Engine } from '../engine/engine.js';
import type { ChatCall } from './chat-call.js';
import { PendingAnswer } from './pending-answer.js';
import { type Run, Runs } from './runs.js';
import { ToolNames } from './tool-names.js';
import { withUsableSchemas } from './tool-schemas.js';
import { type NextTurn, Transcripts } from './transcripts.js';

/** Whose question it is, and what ends it. */
export interface Asking {
  /** Name of the agent run that it is part of; undefined: the one that the conversation belongs to. */
  run: string | undefined;
  /** As `GenerateOptions.ttftLimitMs`. */
  ttftLimitMs: number | undefined;
  signal: AbortSignal | undefined;
}

/** A question under way. */
export interface Asked {
  answer: PendingAnswer;
  /** Tools whose schema could not be enforced as it is, and what was done. */
  relaxed: string[];
}

/**
 * Callers of one engine that send their whole conversation each time, in tools and names of their own. With `exact` history a
 * conversation goes on from the tokens that were computed, else it is rendered as a whole each time.
 */
export class Callers {
  readonly #engine: Engine;
  readonly #runs: Runs;
  readonly #transcripts: Transcripts | undefined;

  constructor(engine: Engine, history: 'exact' | 'rendered') {
    this.#engine = engine;
    this.#runs = new Runs(engine);
    this.#transcripts = history === 'exact' ? new Transcripts(engine) : undefined;
  }

  /** Tokens of a question as they would be computed now: of a conversation that goes on from kept tokens, those too. */
  async count(call: ChatCall): Promise<number> {
    const { messages, tools, options } = shown(call);
    const turn = this.#next(messages, tools);
    if (turn) return turn.session.countTokens(turn.messages, options);
    return this.#engine.countTokens(messages, { ...options, ...(tools.length > 0 && { tools }) });
  }

  /** Puts a question to the engine. A call that names its `program` is that one's, told of nothing. Throws as `engine.generate()`. */
  ask(call: ChatCall, { run: name, ttftLimitMs, signal }: Asking): Asked {
    const { messages, tools, names, relaxed, options: chosen } = shown(call);
    const turn = this.#next(messages, tools);
    const run = chosen.program === undefined ? this.#run(name, turn) : undefined;
    run?.begin();
    const options = { ...chosen, ttftLimitMs, signal, ...(run && { program: run.program }) };
    const generation = turn
      ? turn.session.generate(turn.messages, options)
      : this.#engine.generate(messages, { ...options, ...(tools.length > 0 && { tools }) });
    generation.result.then(
      (result) => {
        if (result.finishReason === 'cancelled' || this.#engine.closed) return;
        run?.end(result);
        const { text: content, toolCalls } = result;
        if (turn) this.#transcripts?.keep(turn, { role: 'assistant', content, toolCalls }, run);
      },
      () => {}, // told by the one who reads the answer
    );
    return { answer: new PendingAnswer(generation, (toolCall) => names.call(toolCall)), relaxed };
  }

  #run(name: string | undefined, turn: NextTurn | undefined): Run {
    return name === undefined ? (turn?.run ?? this.#runs.run(undefined)) : this.#runs.run(name);
  }

  /** The conversation's next turn; undefined where it is rendered as a whole, also when the model is to go on with its own words. */
  #next(messages: ChatMessage[], tools: ToolSpec[]): NextTurn | undefined {
    return messages.at(-1)?.role === 'assistant' ? undefined : this.#transcripts?.next(messages, tools);
  }
}

/** A call in the names that the model knows, its tools' schemas as far as they can be enforced. */
function shown(call: ChatCall) {
  const names = new ToolNames(call.tools);
  const relaxed: string[] = [];
  const tools = withUsableSchemas(call.tools, relaxed).map((tool) => names.spec(tool));
  const messages = call.messages.map((message) => names.message(message));
  const { toolChoice } = call.options;
  const options = { ...call.options, ...(toolChoice !== undefined && { toolChoice: names.choice(toolChoice) }) };
  return { messages, tools, options, names, relaxed };
}
