import { BanyanError } from '../kit/errors.js';
import type { RenderedChat } from '../native/binding.js';
import type { AssistantMessage, ChatMessage, ToolCall, ToolMessage } from './chat-message.js';
import { callsOf } from './conversation.js';

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
 * own way or not at all. The delta then begins after the last call, which is found by how the generated text ends. A turn that
 * was cut inside a call is closed where the template has written the call's last argument:
 *
 *   history   ... <call>{"name": "find", "arguments": {"path": "/us
 *   delta                                                          }}</call><end>\n[result: the arguments are no JSON] ...
 */

export interface TurnTemplate {
  /** Messages in the words of the template, with a generation prompt for the coming turn. */
  render(messages: readonly ChatMessage[]): Promise<RenderedChat>;
  /** True: the template shows several calls of one turn. */
  parallelCalls: boolean;
}

export interface TurnEnd {
  message: AssistantMessage;
  /** How the generated text ends, special tokens included: a few words suffice. */
  tail: string;
  /** True when the model ended the turn, not a limit, a stop text or a cancel. */
  byItself: boolean;
}

export interface TurnDelta {
  /** The text that is appended: to be tokenized as a piece of a chat. */
  text: string;
  /** Spans of `text` that hold no special token, whatever they spell (RenderedChat.literal). */
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
  const delta = await deltaAfterCalls(template, end, added);
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

/** Undefined when there are no calls, or their end is not found: the template writes them quite differently from the model. */
async function deltaAfterCalls(
  template: TurnTemplate,
  { message, tail, byItself }: TurnEnd,
  added: readonly ChatMessage[],
): Promise<TurnDelta | undefined> {
  const { calls, messages } = template.parallelCalls
    ? { calls: callsOf(message), messages: added }
    : inOne(message, added);
  const last = calls.at(-1);
  if (!last) return undefined;
  const rendered = async (toolCalls: readonly ToolCall[], behind: readonly ChatMessage[]) => {
    // The marker is the user's here: templates put what is said beside calls before, after, or nowhere.
    const turn: ChatMessage[] = [
      { role: 'user', content: MARKER },
      { role: 'assistant', content: '', toolCalls },
    ];
    const chat = await template.render([...turn, ...behind]);
    return { chat, text: afterMarker(chat.prompt) };
  };
  const next = await rendered(calls, messages);
  // The same with other contents: what both have in common ends where the first new message speaks.
  const silent = messages.map((item): ChatMessage => ({ ...item, content: item.content.startsWith('y') ? 'z' : 'y' }));
  const twin = await rendered(calls, silent);
  const written = next.text.slice(0, commonLength(twin.text, next.text));
  const at = endOfTail(tail, written, byItself ? 2 : SURE);
  if (byItself) return at < 0 ? undefined : cut(next.chat, next.text.slice(at));
  // With another last argument: what both end with in common follows it.
  const other = await rendered([...calls.slice(0, -1), { ...last, ...OTHER_ARGUMENTS }], silent);
  const closing = commonEnd(twin.text, other.text) - (twin.text.length - written.length);
  const end = closing > 0 ? written.length - closing : -1;
  return Math.max(at, end) < 0 ? undefined : cut(next.chat, next.text.slice(Math.max(at, end)));
}

const OTHER_ARGUMENTS = { arguments: '{"Banyan8Other":"Banyan9Other"}', input: { Banyan8Other: 'Banyan9Other' } };

/** For templates that show one call a turn: the last call, with the results of all. */
function inOne(message: AssistantMessage, added: readonly ChatMessage[]) {
  const calls = callsOf(message);
  const last = calls.at(-1);
  const results = added.filter(({ role }) => role === 'tool') as ToolMessage[];
  if (!last || calls.length === 1 || results.length < 2) return { calls: calls.slice(-1), messages: added };
  const content = results.map((result) => `${result.name}: ${result.content}`).join('\n');
  const result: ChatMessage = { role: 'tool', toolCallId: last.id, name: last.name, content };
  return { calls: [last], messages: [result, ...added.filter(({ role }) => role !== 'tool')] };
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

function commonEnd(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

/** Characters that are not equal by chance: a text that was cut may end like anything. */
const SURE = 8;

/** Where the model's text ends in the template's: it may have written its arguments with other spaces; -1 when nowhere. */
function endOfTail(tail: string, text: string, shortest: number): number {
  const exact = endOfLongestSuffix(tail, text, shortest);
  const dense = tail.replace(SPACES, '');
  const end = endOfLongestSuffix(dense, text.replace(SPACES, ''), /[}\])>]$/.test(dense) ? shortest - 1 : shortest);
  let at = 0;
  for (let seen = 0; seen < end; at++) if (!SPACE.test(text[at] as string)) seen++;
  return Math.max(exact, end < 0 ? -1 : at);
}

const SPACES = /\s+/g;
const SPACE = /\s/;

/** Where the longest suffix of `tail`, at least `shortest` characters, ends in `text` for the last time; -1 when none occurs. */
function endOfLongestSuffix(tail: string, text: string, shortest: number): number {
  for (let start = 0; start <= tail.length - shortest; start++) {
    const at = text.lastIndexOf(tail.slice(start));
    if (at >= 0) return at + tail.length - start;
  }
  return -1;
}
