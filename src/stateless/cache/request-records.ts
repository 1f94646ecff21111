import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../chat/chat-message.js';
import type { ToolSpec } from '../../chat/tool-spec.js';
import { canonicalJson } from '../../kit/canonical-json.js';
import { LruCache } from '../../kit/lru-cache.js';
import { leadingInstructions } from './leading-instructions.js';
import { volatileKind } from './volatile-text.js';

/** What of a request a later one is compared with: digests, no text. */
export interface RequestRecord {
  /** Digest of each tool, by its name. */
  tools: ReadonlyMap<string, string>;
  /** How many of the first messages are instructions. */
  leading: number;
  /** Digest of the instructions, and of each of their lines. */
  system: string;
  lines: Uint32Array;
  /** Digests of the messages after them. */
  messages: BigUint64Array;
  /** Digest of the options that change the prompt. */
  options: string;
  promptTokens: number;
}

/** The first part of a prompt, in the prompt's order, that is not what the request before had there. */
export type Difference =
  | { section: 'tools'; tool: string }
  /** `line`: its position in the instructions, from 1; `text`: that line now. `kind`: what it looks like. */
  | { section: 'system'; line: number; text: string; kind: string | undefined }
  /** `message`: its position in the conversation. */
  | { section: 'messages'; message: number }
  | { section: 'options' };

const MOST_RECORDS = 1_000;
const MOST_LINES = 4_096;
const MOST_MESSAGES = 2_048;

/**
 * What earlier requests were, so that a later one can be told why it was not found in the cache. They are found by the id of
 * their answer, or as the latest one of the same run with the same first question.
 */
export class RequestRecords {
  readonly #byId = new Map<string, RequestRecord>();
  readonly #byConversation = new LruCache<{ latest: RequestRecord | undefined }>(MOST_RECORDS);

  /** The request that this answer was given to; undefined: it is not known (any more). */
  answered(id: string): RequestRecord | undefined {
    return this.#byId.get(id);
  }

  /** The latest request of the conversation. */
  before(run: string | undefined, messages: readonly ChatMessage[]): RequestRecord | undefined {
    return this.#conversation(run, messages).latest;
  }

  /** Remembers a request that was answered, under the id of its answer where it has one. */
  keep(record: RequestRecord, id: string | undefined, run: string | undefined, messages: readonly ChatMessage[]): void {
    this.#conversation(run, messages).latest = record;
    if (id === undefined) return;
    this.#byId.set(id, record);
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= MOST_RECORDS) break;
      this.#byId.delete(oldest);
    }
  }

  #conversation(run: string | undefined, messages: readonly ChatMessage[]) {
    const first = messages.find(({ role }) => role !== 'system')?.content.trim() ?? '';
    return this.#byConversation.get(digest([run ?? '', first]), () => ({ latest: undefined }));
  }
}

/** A request as it is remembered; `promptTokens` is told when it has ended. */
export function toRecord(
  tools: readonly ToolSpec[],
  messages: readonly ChatMessage[],
  options: readonly unknown[],
): RequestRecord {
  const leading = leadingInstructions(messages);
  const system = systemOf(messages, leading);
  return {
    tools: new Map(tools.map((tool) => [tool.name, digest(tool)])),
    leading,
    system: digest(system),
    lines: Uint32Array.from(system.split('\n').slice(0, MOST_LINES), lineHash),
    messages: BigUint64Array.from(messages.slice(leading, leading + MOST_MESSAGES), (message) =>
      sha256(said(message)).readBigUInt64LE(),
    ),
    options: digest(options),
    promptTokens: 0,
  };
}

/** Undefined: this request only goes on from that one. */
export function difference(
  before: RequestRecord,
  now: RequestRecord,
  messages: readonly ChatMessage[],
): Difference | undefined {
  const tool =
    [...now.tools].find(([name, spec]) => before.tools.get(name) !== spec)?.[0] ??
    [...before.tools.keys()].find((name) => !now.tools.has(name));
  if (tool !== undefined) return { section: 'tools', tool };
  if (before.system !== now.system) {
    const at = now.lines.findIndex((line, index) => line !== before.lines[index]);
    const line = at < 0 ? Math.min(now.lines.length, before.lines.length) : at;
    const text = systemOf(messages, now.leading).split('\n')[line] ?? '';
    return { section: 'system', line: line + 1, text, kind: volatileKind(text) };
  }
  const shorter = Math.min(before.messages.length, now.messages.length);
  for (let at = 0; at < shorter; at++) {
    if (before.messages[at] !== now.messages[at]) return { section: 'messages', message: now.leading + at };
  }
  return before.options === now.options ? undefined : { section: 'options' };
}

function systemOf(messages: readonly ChatMessage[], leading: number): string {
  return messages
    .slice(0, leading)
    .map(({ content }) => content)
    .join('\n');
}

/** Ids and reasoning are left out: clients have their own of the one and drop the other. */
function said(message: ChatMessage): unknown {
  const calls = message.role === 'assistant' ? (message.toolCalls ?? []) : [];
  return [message.role, message.content.trim(), calls.map(({ name, input, arguments: json }) => [name, input ?? json])];
}

const sha256 = (value: unknown) => createHash('sha256').update(canonicalJson(value)).digest();

const digest = (value: unknown) => sha256(value).toString('base64url').slice(0, 16);

/** FNV-1a: two lines in four thousand million have the same by chance, and then a later one is named. */
function lineHash(line: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < line.length; at++) hash = Math.imul(hash ^ line.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
