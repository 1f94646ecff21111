import type { ChatMessage } from '../chat/chat-message.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { GenerateOptions } from '../engine/request-options.js';
import type { CacheMark } from './cache/cache-marks.js';
import type { Change } from './cache/changes.js';

/** One question to the model, as every face means it. */
export interface ChatCall {
  messages: ChatMessage[];
  tools: ToolSpec[];
  options: Omit<GenerateOptions, 'tools' | 'tenant'>;
  /** What the caller asked for that has no effect here, in the caller's words: fields of a body ... */
  ignored: string[];
  /** What of it the caller's face has changed already. Default: nothing. */
  changes?: readonly Change[] | undefined;
  /** What of it is to be kept, of which the last four count. Default: as long as there is room. */
  marks?: readonly CacheMark[] | undefined;
  /** How the caller names each of the messages, such as `messages[2]`. Default: by its position. */
  fields?: readonly string[] | undefined;
}
