import type { RenderedChat } from '../native/binding.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';

/*
 * What a session must append for its next turn, given that its history is token ids and is never rendered again.
 *
 *   history (ids)     [system][user]<start>assistant ... generated ids ... <end>
 *   delta (rendered)                                                            \n[user or tool results]<start>assistant
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
  /** Text of a control token such as the end of a turn; '' for tokens of ordinary text. */
  controlText(token: number): string;
  /** Length of the first token of a text, in characters. */
  firstTokenLength(text: string): number;
}

export interface TurnEnd {
  message: AssistantMessage;
  /** Last token generated in that turn, if any. */
  lastToken: number | undefined;
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

/** What the assistant's turn still lacks: the end-of-turn token when it was not sampled, and what the template adds to it. */
async function closing(template: TurnTemplate, end: TurnEnd, ended: string): Promise<string> {
  const last = end.byItself && end.lastToken !== undefined ? template.controlText(end.lastToken) : '';
  const at = last === '' ? -1 : ended.lastIndexOf(last);
  if (at >= 0) return ended.slice(at + last.length);

  const plain: ChatMessage = { role: 'assistant', content: MARKER };
  const whole = afterMarker((await template.render([OPENING, plain], false)).prompt);
  // Some models end their turn with another token than their template writes: <|return|> for <|end|>, <|eom_id|> for <|eot_id|>.
  return last === '' ? whole : whole.slice(template.firstTokenLength(whole));
}
