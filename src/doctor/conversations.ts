import { type Call, type Part, textOfPart } from './call.js';
import type { Past } from './losses.js';
import { textChange } from './text-change.js';

/** A conversation that the doctor knows, by its latest calls. */
export interface Conversation {
  readonly id: string;
  /** Agent that it is of: conversations whose tools and instructions are alike. */
  readonly agent: string;
  /** Its calls, the latest last. */
  calls: readonly Call[];
  /** Hashes of pieces of its texts: what was said, and what stands before it. */
  said: Weights;
  fixed: Weights;
}

/** By the hash of a piece: its length. */
type Weights = ReadonlyMap<number, number>;

/** Where a call belongs, and what it is compared with. */
export interface Belonging {
  readonly conversation: Conversation;
  /** The latest calls of the conversation; of a new one, those of its agent; undefined: there were none like it. */
  readonly past: Past | undefined;
}

const MOST_CONVERSATIONS = 1_000;
/** Calls of one that are kept. */
const MOST_CALLS = 4;
/** Characters of all calls that are kept. */
const MOST_CHARACTERS = 2 ** 26;
/** Pieces of a part that are looked at. */
const MOST_PIECES = 256;
const SHORTEST_PIECE = 12;
/** Latest conversations that a call is compared with which has no piece in common with any. */
const TRIED = 8;

/** Conversations, found again by what is said in them. */
export class Conversations {
  readonly #known = new Map<string, Conversation>();
  /** The latest conversation that had a piece. */
  readonly #said = new Map<number, Conversation>();
  readonly #fixed = new Map<number, Conversation>();
  #characters = 0;
  #conversations = 0;
  #agents = 0;

  /** Finds the conversation of a call and makes the call its latest. */
  place(call: Call): Belonging {
    const said = weights(call.parts.filter(({ section }) => section === 'messages'));
    const fixed = weights(call.parts.filter(({ section }) => section !== 'messages'));
    const id = call.conversation;
    const own = id === undefined ? this.#most(this.#said, said, 'said') : this.#known.get(id);
    const sibling = own ? undefined : (this.#most(this.#fixed, fixed, 'fixed') ?? this.#alike(call));
    const past = (own ?? sibling)?.calls ?? [];
    const before = past.at(-1);
    const conversation: Conversation = own ?? {
      id: id ?? `${++this.#conversations}`,
      agent: sibling?.agent ?? `${++this.#agents}`,
      ...{ calls: [], said, fixed },
    };
    this.#forget(conversation);
    Object.assign(conversation, { calls: [...conversation.calls.slice(1 - MOST_CALLS), call], said, fixed });
    this.#keep(conversation);
    return { conversation, past: before && { before, earlier: past.slice(0, -1) } };
  }

  /** The conversation with most of these pieces, if it has half of them, or these half of its own. */
  #most(index: ReadonlyMap<number, Conversation>, own: Weights, side: 'said' | 'fixed'): Conversation | undefined {
    const votes = new Map<Conversation, number>();
    for (const [piece, weight] of own) {
      const conversation = index.get(piece);
      if (conversation) votes.set(conversation, (votes.get(conversation) ?? 0) + weight);
    }
    const [best, most] = [...votes].reduce<[Conversation | undefined, number]>(
      (found, [conversation, weight]) => (weight >= found[1] ? [conversation, weight] : found),
      [undefined, 0],
    );
    const least = Math.min(total(own), best ? total(best[side]) : 0);
    return best && most * 2 >= least ? best : undefined;
  }

  /** The latest conversation whose beginning has more than half of its characters where this one's have them. */
  #alike({ parts }: Call): Conversation | undefined {
    const first = (of: readonly Part[]) => textOfPart(of[0] as Part);
    return [...this.#known.values()]
      .slice(-TRIED)
      .reverse()
      .find(({ calls }) => {
        const latest = calls.at(-1)?.parts ?? [];
        if (!latest[0] || !parts[0]) return false;
        const { before, after, from, endAfter } = textChange(first(latest), first(parts));
        return 2 * (from + after.length - endAfter) > Math.max(before.length, after.length);
      });
  }

  #keep(conversation: Conversation): void {
    this.#known.set(conversation.id, conversation); // the latest last
    this.#characters += size(conversation);
    for (const piece of conversation.said.keys()) this.#said.set(piece, conversation);
    for (const piece of conversation.fixed.keys()) this.#fixed.set(piece, conversation);
    for (const oldest of this.#known.values()) {
      if (this.#known.size <= MOST_CONVERSATIONS && this.#characters <= MOST_CHARACTERS) break;
      if (oldest !== conversation) this.#forget(oldest);
    }
  }

  #forget(conversation: Conversation): void {
    if (!this.#known.delete(conversation.id)) return;
    this.#characters -= size(conversation);
    const forget = (index: Map<number, Conversation>, pieces: Weights) => {
      for (const piece of pieces.keys()) if (index.get(piece) === conversation) index.delete(piece);
    };
    forget(this.#said, conversation.said);
    forget(this.#fixed, conversation.fixed);
  }
}

const total = (of: Weights) => [...of.values()].reduce((sum, weight) => sum + weight, 0);
const size = ({ calls }: Conversation) =>
  calls.reduce((all, { parts }) => all + parts.reduce((sum, { key }) => sum + key.length, 0), 0);

/** Sentences and lines: of a text that changes a little, most stay. */
function weights(parts: readonly Part[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const part of parts) {
    const text = textOfPart(part);
    const pieces = text.split(/[\n.!?;{}]+/).filter((piece) => piece.length >= SHORTEST_PIECE);
    for (const piece of pieces.length > 0 ? pieces.slice(0, MOST_PIECES) : [text]) found.set(hash(piece), piece.length);
  }
  return found;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}
