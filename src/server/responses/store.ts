import type { ChatMessage } from '../../chat/chat-message.js';

/** A finished response, and the conversation up to its end. */
export interface StoredResponse {
  response: Record<string, unknown> & { id: string };
  input: unknown[];
  conversation: ChatMessage[];
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
  #characters = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  put(stored: StoredResponse): void {
    const characters = JSON.stringify(stored).length;
    this.#entries.set(stored.response.id, { ...stored, until: this.#now() + LIFE_MS, characters });
    this.#characters += characters;
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

  /** False: there was none. */
  delete(id: string): boolean {
    this.#characters -= this.#entries.get(id)?.characters ?? 0;
    return this.#entries.delete(id);
  }
}
