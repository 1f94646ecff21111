import { checkInteger, checkObject, invalidOption } from '../../kit/option-checks.js';
import { readList, readOptions } from '../../kit/read-options.js';
import type { ChatMessage } from '../chat-message.js';

/** A place in a conversation: behind the first `characters` of a message's text. */
export interface PromptMark {
  /** Position of the message in the conversation, from 0; of a session: its messages, then those of the turn. */
  message: number;
  /** Characters of the message's text, from 0. Default: all of them. */
  characters?: number | undefined;
}

/** A mark by its message itself, wherever that comes to stand. */
export interface Place {
  readonly message: ChatMessage | undefined;
  readonly characters: number;
}

/** A place that was found: so many tokens of the prompt come before it. `message`: its position in the conversation. */
export interface KnownPlace {
  readonly message: number;
  readonly characters: number;
  readonly tokens: number;
}

const MOST = 64;

/** A checked copy. Throws INVALID_OPTION, also for more than 64. */
export function readMarks(field: string, value: unknown): PromptMark[] {
  const items = readList(field, value as readonly PromptMark[]);
  if (items.length > MOST) throw invalidOption(field, `at most ${MOST} places`, items.length);
  return items.map((item, index) => {
    const at = `${field}[${index}]`;
    const { message, characters } = readOptions(at, checkObject(at, item) as PromptMark, ['message', 'characters']);
    const mark = { message: checkInteger(`${at}.message`, message, 0, 2 ** 30) };
    if (characters === undefined) return mark;
    return { ...mark, characters: checkInteger(`${at}.characters`, characters, 0, 2 ** 30) };
  });
}

export function toPlaces(messages: readonly ChatMessage[], marks: readonly PromptMark[]): Place[] {
  return marks.map(({ message, characters = Number.POSITIVE_INFINITY }) => ({
    message: messages[message],
    characters,
  }));
}

/** The last known place that is not behind this one; 0: there is none. */
export function tokensBefore(known: readonly KnownPlace[], message: number, characters: number): number {
  const before = known.filter(
    (place) => place.message < message || (place.message === message && place.characters <= characters),
  );
  return Math.max(0, ...before.map(({ tokens }) => tokens));
}

/**
 * How many of a rendered text's tokens come before each place. Texts are found in the order of their messages: one that the
 * template has changed is not, and the place is then where the last one ended, so that never too much comes before it.
 */
export async function tokensUpTo(
  rendered: { text: string; tokens: Int32Array },
  messages: readonly ChatMessage[],
  places: readonly Place[],
  tokenize: (text: string) => Promise<Int32Array>,
): Promise<number[]> {
  const counts = new Map<number, Promise<number>>();
  const { text, tokens } = rendered;
  const count = async (at: number) => (at === 0 ? 0 : commonLength(await tokenize(text.slice(0, at)), tokens));
  return Promise.all(
    positionsIn(text, messages, places).map((at) => {
      const known = counts.get(at) ?? count(at);
      counts.set(at, known);
      return known;
    }),
  );
}

/** Characters of the text before each place. */
function positionsIn(text: string, messages: readonly ChatMessage[], places: readonly Place[]): number[] {
  const wanted = new Set(places.map(({ message }) => message));
  const found = new Map<ChatMessage | undefined, { from: number; trimmed: number; length: number }>();
  let end = 0;
  for (const message of messages) {
    if (found.size === wanted.size) break;
    const content = message.content.trim();
    const from = content === '' ? -1 : text.indexOf(content, end);
    const span = { from: from < 0 ? end : from, length: from < 0 ? 0 : content.length };
    if (wanted.has(message)) {
      found.set(message, { ...span, trimmed: message.content.length - message.content.trimStart().length });
    }
    end = span.from + span.length;
  }
  return places.map(({ message, characters }) => {
    const { from = 0, trimmed = 0, length = 0 } = found.get(message) ?? {};
    return from + Math.min(Math.max(characters - trimmed, 0), length);
  });
}

/** A token may reach over the place: what both begin with comes before it. */
function commonLength(a: Int32Array, b: Int32Array): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
