import { LruCache } from '../../kit/lru-cache.js';
import type { ChatTurn } from './chat-model.js';

type Parts = Extract<ChatTurn, { role: 'assistant' }>['content'];

/** What an answer was, to recognise it when it comes back in a conversation. */
interface Answer {
  readonly content: string;
  readonly reasoning: string;
  readonly ids: readonly string[];
}

const MOST = 4_096;
const MOST_CHARACTERS = 2 ** 25;

/** Answers as providers gave them, where they said more than texts and calls: signatures of what was thought, for them to have back. The latest ones. */
export class Kept {
  readonly #said = new LruCache<Parts>(MOST, MOST_CHARACTERS);

  keep(answer: Answer, parts: Parts): void {
    if (!parts.some(({ providerOptions }) => providerOptions)) return;
    this.#said.delete(keyOf(answer)); // the latest counts
    this.#said.get(keyOf(answer), () => parts);
  }

  of(answer: Answer): Parts | undefined {
    return this.#said.find(keyOf(answer));
  }
}

const keyOf = ({ content, reasoning, ids }: Answer) => JSON.stringify([content, reasoning, ids]);
