import type { ChatMessage } from '../chat/chat-message.js';
import type { Prompt } from '../chat/prompt.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { Engine } from '../engine/engine.js';
import type { GenerateOptions } from '../engine/request-options.js';
import { toMessagesCall } from '../server/anthropic/messages-call.js';
import { countRequest } from '../server/anthropic/wire.js';
import { parsedBody } from '../server/chat/wire-body.js';
import { toChatCall } from '../server/openai/to-chat-call.js';
import { chatRequest } from '../server/openai/wire.js';
import type { ChatCall } from '../stateless/chat-call.js';
import { toShown } from '../stateless/shown-call.js';
import { Signatures } from '../stateless/signature.js';
import { toBody } from './bodies.js';
import { type Call, type Part, textOfPart } from './call.js';

/** What turns the parts of a call into what is compared: tokens, or characters where there is no model. */
export interface Reading {
  /** The units of a call that has these parts. Rejects when they are no prompt that can be read. */
  units(call: Call, parts: readonly Part[]): Promise<Int32Array>;
  /** Tokens that a unit counts for. */
  readonly tokensPerUnit: number;
}

/** What the doctor asks of an engine. */
export type PromptReader = Pick<Engine, 'info' | 'promptTokens'>;

/** Characters of a token, about: English and JSON on vocabularies of today. */
const CHARACTERS_PER_TOKEN = 4;

/** Without a model: four characters count as a token, tools stand first, and nothing is rewritten. */
export const estimated: Reading = {
  tokensPerUnit: 1 / CHARACTERS_PER_TOKEN,
  async units(_call, parts) {
    const text = parts.map(textOfPart).join('');
    return Int32Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
  },
};

/** By an engine's own chat template and vocabulary. */
export function exact(engine: PromptReader): Reading {
  const signatures = new Signatures(engine.info.digest);
  return {
    tokensPerUnit: 1,
    async units(call, parts) {
      const { messages, tools, options } = toAsked(call, parts, engine, signatures);
      return engine.promptTokens(messages, { ...options, ...(tools.length > 0 && { tools }) });
    },
  };
}

interface Asked {
  messages: Prompt;
  tools: readonly ToolSpec[];
  options: GenerateOptions;
}

/** A call as the engine is asked: of a client's body, what the server makes of it. */
function toAsked(call: Call, parts: readonly Part[], { info }: PromptReader, signatures: Signatures): Asked {
  const body = toBody(call, parts);
  if (call.shape === 'banyan') {
    const { messages, tools = [], ...options } = body;
    const text = parts.find(({ field }) => field === 'prompt')?.value; // no chat: a text that goes on
    if (typeof text === 'string') return { messages: text, tools: [], options: options as GenerateOptions };
    return { messages: messages as ChatMessage[], tools: tools as ToolSpec[], options: options as GenerateOptions };
  }
  const asked: ChatCall =
    call.shape === 'openai'
      ? toChatCall(parsedBody(chatRequest, body), body)
      : toMessagesCall(parsedBody(countRequest, body), body, signatures);
  return toShown(asked, [], info.supportsLateSystem);
}
