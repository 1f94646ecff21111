import type { TokenCodec } from '../backend/backend.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';
import type { ChatSettings } from './chat-options.js';
import { toContinuation } from './conversation.js';
import { nextTurn, type TurnPast } from './next-turn.js';
import { toOverflow } from './overflow/overflow-options.js';

/** Stand for results that are not there yet: two prompts that differ in them alone have in common what depends on none. */
const [ONE, OTHER] = ['y', 'z'] as const;

/**
 * Tokens with which the next turn's prompt begins whatever the results will be that are not among `added`: all before the
 * text of the first of them. Undefined: every call has its result, and the whole prompt is known. Rejects as `nextTurn` does.
 *
 *     history ... {"path": "a"}}</call> <end>\n[result: known][result:      <- up to here
 */
export async function knownPrefix(
  codec: TokenCodec,
  past: TurnPast,
  last: AssistantMessage,
  added: readonly ChatMessage[],
  settings: ChatSettings,
): Promise<Int32Array | undefined> {
  const [one, other] = [toContinuation(last, added, ONE), toContinuation(last, added, OTHER)];
  if (one.every(({ content }, index) => content === other[index]?.content)) return undefined;
  const prompt = async (messages: readonly ChatMessage[]) => {
    const turn = { messages, added: messages, said: added };
    const whole = { overflow: toOverflow('error'), maxTokens: -1, signal: undefined, summarise: undefined };
    return (await nextTurn(codec, past, turn, settings, whole)).prompt;
  };
  const [a, b] = await Promise.all([prompt(one), prompt(other)]);
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.subarray(0, length);
}
