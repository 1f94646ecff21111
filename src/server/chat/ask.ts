import type { ChatMessage } from '../../chat/chat-message.js';
import type { ToolSpec } from '../../chat/tool-spec.js';
import type { Exchange } from '../http/exchange.js';
import { listed } from '../http/listed-header.js';
import { AnswerReader } from './answer-reader.js';
import type { ChatCall } from './chat-call.js';
import { runNameOf } from './clients.js';
import { ToolNames } from './tool-names.js';
import { withUsableSchemas } from './tool-schemas.js';
import type { NextTurn } from './transcripts.js';

/** A question under way. */
export interface Asked {
  answer: AnswerReader;
  /** Headers of the response that say what was made of the request. */
  headers: Record<string, string>;
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

/** The conversation's next turn; undefined where it is rendered as a whole, also when the model is to go on with its own words. */
function nextOf(exchange: Exchange, messages: ChatMessage[], tools: ToolSpec[]): NextTurn | undefined {
  const answered = messages.at(-1)?.role === 'assistant';
  return answered || !exchange.exactHistory ? undefined : exchange.transcripts.next(messages, tools);
}

/** Tokens of a question as they would be computed now: of a conversation that goes on from kept tokens, those too. */
export async function countCall(exchange: Exchange, call: ChatCall): Promise<number> {
  const { messages, tools, options } = shown(call);
  const turn = nextOf(exchange, messages, tools);
  if (turn) return turn.session.countTokens(turn.messages, options);
  return exchange.engine.countTokens(messages, { ...options, ...(tools.length > 0 && { tools }) });
}

/**
 * Puts a question to the engine, as part of the agent run that the client names, else of the one that the conversation belongs
 * to. Ends with the client's connection.
 */
export function ask(exchange: Exchange, call: ChatCall, cacheKey: string | null | undefined): Asked {
  const { engine, clients, transcripts } = exchange;
  const name = runNameOf(exchange.headers, cacheKey);
  const { messages, tools, names, relaxed, ...chosen } = shown(call);

  const turn = nextOf(exchange, messages, tools);
  const run = name === undefined ? (turn?.run ?? clients.run(undefined)) : clients.run(name);
  run.begin();
  const { ttftLimitMs } = exchange;
  const options = { ...chosen.options, ttftLimitMs, program: run.program, signal: exchange.signal() };
  const generation = turn
    ? turn.session.generate(turn.messages, options)
    : engine.generate(messages, { ...options, ...(tools.length > 0 && { tools }) });
  generation.result.then(
    (result) => {
      if (result.finishReason === 'cancelled' || engine.closed) return;
      run.end(result);
      const { text: content, toolCalls } = result;
      if (turn) transcripts.keep(turn, { role: 'assistant', content, toolCalls }, run);
    },
    () => {}, // told by the one who reads the answer
  );
  return {
    answer: new AnswerReader(generation, (toolCall) => names.call(toolCall)),
    headers: { ...listed('x-banyan-ignored', call.ignored), ...listed('x-banyan-normalized', relaxed) },
  };
}
