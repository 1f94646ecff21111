import type { RenderedChat } from '../native/binding.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';

/*
 * What a session must append for its next turn, given that its history is token ids and is never rendered again. The engine
 * keeps the token that ends a turn to itself, so the history stops right before it, and the delta begins with it:
 *
 *   history (ids)     [system][user]<start>assistant ... generated ids ...
 *   delta (rendered)                                                      <end>\n[user or tool results]<start>assistant
 *
 * The delta is cut out of two renderings of a MINIMAL conversation, so that a turn costs its own length, not the history's:
 *
 *   ended  = template(user "x", assistant MARKER + its calls)                       no generation prompt
 *   next   = template(user "x", assistant MARKER + its calls, new messages ...)     generation prompt
 *
 * Both are looked at from MARKER on. Why not two renderings of the whole conversation: templates rewrite history (they drop
 * old reasoning, move the system prompt or the tools to the last user turn, trim texts), and then the longer rendering does
 * not begin with the shorter one. After the marker nothing of that matters: what follows an assistant's turn is the same.
 */

export interface TurnTemplate {
  render(messages: readonly ChatMessage[], addGenerationPrompt: boolean): Promise<RenderedChat>;
}

export interface TurnEnd {
  message: AssistantMessage;
  /** How the generated text ends, special tokens included: a few words suffice. */
  tail: string;
  /** True when the model ended the turn, not a limit, a stop text or a cancel. */
  byItself: boolean;
}

export interface TurnDelta {
  /** To be tokenized with special tokens, without a beginning-of-text token. */
  text: string;
  /** Stops, grammar and parser of the coming turn. */
  chat: RenderedChat;
}

const MARKER = 'Banyan7Marker';
const OPENING: ChatMessage = { role: 'user', content: 'x' };
const PLAIN: ChatMessage = { role: 'assistant', content: MARKER };

export async function turnDelta(
  template: TurnTemplate,
  end: TurnEnd,
  added: readonly ChatMessage[],
): Promise<TurnDelta> {
  const marked: ChatMessage = { ...end.message, content: MARKER, reasoning: undefined };
  const before = (await template.render([OPENING, marked], false)).prompt;
  const chat = await template.render([OPENING, marked, ...added], true);
  // Some templates drop what an assistant says beside its calls; both renderings then start alike.
  const [ended, next] = before.includes(MARKER)
    ? [afterMarker(before), afterMarker(chat.prompt)]
    : [before, chat.prompt];
  return { text: (await closing(template, end, ended)) + next.slice(commonLength(ended, next)), chat };
}

/** The first marker counts: a later one can only come from the messages themselves. */
function afterMarker(text: string): string {
  return text.slice(text.indexOf(MARKER) + MARKER.length);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** The end of the assistant's turn. */
async function closing(template: TurnTemplate, end: TurnEnd, ended: string): Promise<string> {
  const hasCalls = (end.message.toolCalls?.length ?? 0) > 0;
  if (!hasCalls) return ended;
  // Templates may end a turn with calls in their own way (<|call|> for <|end|>): it stands after the text of the last call.
  const at = end.byItself ? endOfLongestSuffix(end.tail, ended) : -1;
  return at >= 0 ? ended.slice(at) : afterMarker((await template.render([OPENING, PLAIN], false)).prompt);
}

/** Where the longest suffix of `tail`, at least two characters, ends in `text`; -1 when none occurs. */
function endOfLongestSuffix(tail: string, text: string): number {
  for (let start = 0; start <= tail.length - 2; start++) {
    const at = text.lastIndexOf(tail.slice(start));
    if (at >= 0) return at + tail.length - start;
  }
  return -1;
}
