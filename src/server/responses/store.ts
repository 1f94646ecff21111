import type { ChatMessage } from '../../chat/chat-message.js';
import { HttpError } from '../http/http-error.js';
import type { OutputItem } from './output.js';
import type { WireItem, WireTool } from './wire.js';

/** A finished response, and the conversation up to its end. */
export interface StoredResponse {
  response: Record<string, unknown> & { id: string; output?: readonly OutputItem[] };
  input: unknown[];
  conversation: ChatMessage[];
  /** Tools that its items brought: those that go on from it have them, too. */
  brought: readonly WireTool[];
}

const MOST_ENTRIES = 1_000;
const MOST_CHARACTERS = 128 * 2 ** 20; // 256 MiB as strings
const LIFE_MS = 3_600_000;

/**
 * Responses that clients go on from or ask for again: the latest 1,000, 256 MiB of them, each for an hour. Ids are random, so
 * that who does not have one cannot name it.
 */
export class ResponseStore {
  readonly #now: () => number;
  readonly #entries = new Map<string, StoredResponse & { until: number; characters: number }>();
  /** The response that each item of an answer belongs to. */
  readonly #items = new Map<string, string>();
  #characters = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  put(stored: StoredResponse): void {
    const characters = JSON.stringify(stored).length;
    this.#entries.set(stored.response.id, { ...stored, until: this.#now() + LIFE_MS, characters });
    this.#characters += characters;
    for (const { id } of stored.response.output ?? []) this.#items.set(id, stored.response.id);
    for (const [id, { until }] of this.#entries) {
      const full = this.#entries.size > MOST_ENTRIES || this.#characters > MOST_CHARACTERS;
      if (!full && until > this.#now()) break;
      this.delete(id);
    }
  }

  /** Undefined: it was never there, or is no longer. */
  get(id: string): StoredResponse | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && entry.until > this.#now() ? entry : undefined;
  }

  /** An item of a stored answer, which `field` of a body stands for. Throws HttpError when it is not known (any more). */
  item(id: string, field: string): WireItem {
    const { output = [] } = this.get(this.#items.get(id) ?? '')?.response ?? {};
    const found = output.find((item) => item.id === id);
    if (found !== undefined) return found as WireItem;
    throw new HttpError(400, 'item_not_found', `No item ${id} of a stored response is kept here`, field);
  }

  /** False: there was none. */
  delete(id: string): boolean {
    const entry = this.#entries.get(id);
    this.#characters -= entry?.characters ?? 0;
    for (const item of entry?.response.output ?? []) this.#items.delete(item.id);
    return this.#entries.delete(id);
  }
}
