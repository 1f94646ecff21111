import { createHash } from 'node:crypto';
import type { ChatMessage, ToolCall } from '../chat/chat-message.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { Engine } from '../engine/engine.js';
import type { Session } from '../engine/session.js';
import { canonicalJson } from '../kit/canonical-json.js';
import type { Run } from './runs.js';

/** Token ids that are kept, of all conversations: 64 MiB. */
const MOST_TOKENS = 16 * 2 ** 20;
const MOST_NODES = 10_000;

/** A conversation up to the end of an answer of ours. */
interface Node {
  session: Session;
  /** That it is of. */
  engine: Engine;
  run: Run | undefined;
  tokens: number;
}

/** What is kept: under the digest of each, the latest last. */
class Kept {
  readonly nodes = new Map<string, Node>();
  tokens = 0;
}

/** The next turn of a conversation. */
export interface NextTurn {
  session: Session;
  /** What comes now, with the ids of calls that the session knows. */
  messages: ChatMessage[];
  /** How many of the caller's messages the session has already. */
  past: number;
  /** The agent run that an earlier turn belonged to. */
  run: Run | undefined;
  /** Digest of the whole conversation, this turn's messages included. */
  digest: string;
}

/**
 * Conversations of clients that send all of it each time. Rendered anew, a conversation reads otherwise than it was computed:
 * templates drop reasoning and print arguments in their own way, and from there on nothing would be found in the cache. So each
 * answer of ours is kept as a session, under a digest of the tools and messages up to it; a request that goes on from there gets
 * a fork of it, and only what is new is rendered and computed. What the client changed is another conversation, rendered anew.
 *
 *   tools ── m1 ── m2 ── answer ── result ── answer ── m3          a digest at each bar; nodes at the answers
 */
export class Transcripts {
  readonly #engine: Engine;
  readonly #tenant: string;
  readonly #kept: Kept;

  /** `before`: those of an engine that this one stands in for, loaded again or swapped for another. They go on here. */
  constructor(engine: Engine, tenant = '', before?: Transcripts) {
    this.#engine = engine;
    this.#tenant = tenant;
    this.#kept = before ? before.#kept : new Kept();
  }

  /** The next turn of a conversation whose last message is not the model's. Throws INVALID_*, MODEL_UNSUPPORTED, CLOSED. */
  next(messages: readonly ChatMessage[], tools: readonly ToolSpec[]): NextTurn {
    const digests = digestsOf(tools, messages);
    const digest = digests.at(-1) as string;
    for (let end = messages.length - 1; end >= 0; end--) {
      const node = messages[end]?.role === 'assistant' ? this.#find(digests[end] as string) : undefined;
      if (!node) continue;
      const { session, run } = node;
      const [theirs, ours] = [callsOf(messages[end]), callsOf(session.messages.at(-1))];
      const ids = new Map(theirs.map(({ id }, index) => [id, ours[index]?.id ?? id]));
      const now = messages.slice(end + 1).map((m) => renamed(m, ids));
      return { session: session.fork(), messages: now, past: end + 1, run, digest };
    }
    const isPast = ({ role }: ChatMessage) => role === 'assistant' || role === 'system';
    const begin =
      messages.findLastIndex(({ role }) => role === 'assistant') + 1 || messages.findIndex((m) => !isPast(m));
    const past = Math.max(begin, 0);
    const session = this.#engine.session({ messages: messages.slice(0, past), tools, tenant: this.#tenant });
    return { session, messages: messages.slice(past), past, run: undefined, digest };
  }

  /** Keeps a turn that has ended well, with the answer as the client will send it back. */
  keep({ session, digest }: NextTurn, said: ChatMessage, run: Run | undefined): void {
    const key = digestOf(digest, said);
    this.#drop(key);
    const tokens = session.tokens.length;
    const kept = this.#kept;
    kept.nodes.set(key, { session, engine: this.#engine, run, tokens });
    kept.tokens += tokens;
    for (const oldest of kept.nodes.keys()) {
      if (kept.tokens <= MOST_TOKENS && kept.nodes.size <= MOST_NODES) break;
      this.#drop(oldest);
    }
  }

  #find(key: string): Node | undefined {
    const { nodes } = this.#kept;
    const node = nodes.get(key);
    if (!node) return undefined;
    if (node.engine !== this.#engine) {
      node.session = this.#engine.adoptNow(node.session);
      node.engine = this.#engine;
      node.run = undefined; // a run is one engine's
    }
    nodes.delete(key);
    nodes.set(key, node);
    return node;
  }

  #drop(key: string): void {
    this.#kept.tokens -= this.#kept.nodes.get(key)?.tokens ?? 0;
    this.#kept.nodes.delete(key);
  }
}

/** Digests of the tools with each beginning of the conversation. */
function digestsOf(tools: readonly ToolSpec[], messages: readonly ChatMessage[]): string[] {
  const shown = [...tools].sort((a, b) => (a.name < b.name ? -1 : 1)).map((tool) => canonicalJson(tool));
  let digest = createHash('sha256').update(shown.join('\n')).digest('base64');
  return messages.map((message) => {
    digest = digestOf(digest, message);
    return digest;
  });
}

/** Reasoning and ids are left out: clients drop the one and have their own of the other. White space around a text may go. */
function digestOf(before: string, message: ChatMessage): string {
  const calls = callsOf(message).map(({ name, input, arguments: json }) => [
    name,
    input === undefined ? json : canonicalJson(input),
  ]);
  const content = JSON.stringify([message.role, message.content.trim(), calls]);
  return createHash('sha256').update(before).update(content).digest('base64');
}

const callsOf = (message: ChatMessage | undefined): readonly ToolCall[] =>
  message?.role === 'assistant' ? (message.toolCalls ?? []) : [];

function renamed(message: ChatMessage, ids: ReadonlyMap<string, string>): ChatMessage {
  if (message.role !== 'tool') return message;
  return { ...message, toolCallId: ids.get(message.toolCallId) ?? message.toolCallId };
}
