import type { ChatMessage } from '../../chat/chat-message.js';
import type { ToolSpec } from '../../chat/tool-spec.js';
import type { TurnOptions } from '../../engine/request-options.js';

/** One question to the model, as every face means it. */
export interface ChatCall {
  messages: ChatMessage[];
  tools: ToolSpec[];
  options: TurnOptions;
  /** Fields of the body that have no effect here, by their names on the wire. */
  ignored: string[];
}
