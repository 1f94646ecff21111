import type { RenderedChat } from '../native/binding.js';
import type { AssistantMessage, ChatMessage } from './chat-message.js';
import { BanyanError } from './errors.js';

/*
 * What a session must append for its next turn, given that its history is token ids and is never rendered again. The engine
 * keeps the token that ends a turn to itself, so the history stops right before it, and the delta begins with it:
 *
 *   history (ids)     [system][user]<start>assistant ... generated ids ...
 *   delta (rendered)                                                      <end>\n[user or tool results]<start>assistant
 *
 * The delta is cut out of a rendering of a MINIMAL conversation, so that a turn costs its own length, not the history's:
 *
 *   next = template(user "x", assistant MARKER, new messages ...)      everything after MARKER is the delta
 *
 * Why not the difference of two renderings of the whole conversation: templates rewrite history (they drop old reasoning, move
 * the system prompt or the tools to the last user turn, trim texts, add a generation prompt unasked), and then the longer
 * rendering does not begin with the shorter one. What follows an assistant's turn depends on none of that.
 *
 * After a turn with tool calls, the calls stand there: templates check results against calls, and some end such a turn in their
 * own way or not at all. The delta then begins after the last call, which is found by how the generated text ends.
 */

export interface TurnTemplate {
  /** With a generation prompt, for the coming turn. */
  render(messages: readonly ChatMessage[]): Promise<RenderedChat>;
}

export interface TurnEnd {
  message: AssistantMessage;
  /** How the generated text ends, special tokens included: a few words suffice. */
  tail: string;
  /** True when the model ended the turn, not a limit, a stop text or a cancel. */
  byItself: boolean;
}

export interface TurnDelta {
  /** To be tokenized as a piece of a chat. */
  text: string;
  /** What of `text` is no special token, whatever it spells (RenderedChat.literal). */
  literal: Int32Array;
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
  const delta = end.byItself && end.message.toolCalls?.length ? await deltaAfterCalls(template, end, added) : undefined;
  if (delta) return delta;
  const chat = await template.render([OPENING, { role: 'assistant', content: MARKER }, ...added]);
  return cut(chat, afterMarker(chat.prompt));
}

/** `text`: how the rendered chat ends. */
function cut(chat: RenderedChat, text: string): TurnDelta {
  const start = chat.prompt.length - text.length;
  const spans = chat.literal.map((at) => Math.max(0, at - start));
  // Spans that ended before the cut have shrunk to nothing.
  return { text, literal: spans.filter((_, i) => (spans[i | 1] as number) > 0), chat };
}

/** Undefined when the end of the calls is not found: the template writes them quite differently from the model. */
async function deltaAfterCalls(
  template: TurnTemplate,
  { message, tail }: TurnEnd,
  added: readonly ChatMessage[],
): Promise<TurnDelta | undefined> {
  // The marker is the user's here: templates put what is said beside calls before, after, or nowhere.
  const turn: ChatMessage[] = [
    { role: 'user', content: MARKER },
    { role: 'assistant', content: '', toolCalls: message.toolCalls },
  ];
  const chat = await template.render([...turn, ...added]);
  const next = afterMarker(chat.prompt);
  // The same with other contents: what both have in common ends where the first new message speaks.
  const other = added.map((item): ChatMessage => ({ ...item, content: item.content.startsWith('y') ? 'z' : 'y' }));
  const twin = afterMarker((await template.render([...turn, ...other])).prompt);
  const at = endOfLongestSuffix(tail, next.slice(0, commonLength(twin, next)));
  return at < 0 ? undefined : cut(chat, next.slice(at));
}

/** The first marker counts: a later one can only come from the messages themselves. */
function afterMarker(text: string): string {
  const at = text.indexOf(MARKER);
  if (at < 0) throw new BanyanError('INVALID_TEMPLATE', 'The chat template leaves messages out');
  return text.slice(at + MARKER.length);
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Where the longest suffix of `tail`, at least two characters, ends in `text` for the last time; -1 when none occurs. */
function endOfLongestSuffix(tail: string, text: string): number {
  for (let start = 0; start <= tail.length - 2; start++) {
    const at = text.lastIndexOf(tail.slice(start));
    if (at >= 0) return at + tail.length - start;
  }
  return -1;
}
