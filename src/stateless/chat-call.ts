import type { ChatMessage } from '../chat/chat-message.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { TurnOptions } from '../engine/request-options.js';

/** One question to the model, as every face means it. */
export interface ChatCall {
  messages: ChatMessage[];
  tools: ToolSpec[];
  options: TurnOptions;
  /** What the caller asked for that has no effect here, in the caller's words: fields of a body ... */
  ignored: string[];
}
