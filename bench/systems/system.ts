import type { NativeClass } from '../../src/native/binding.js';

/** What one call of an agent cost. Times in milliseconds. */
export interface CallCost {
  tokens: number[]; // generated
  promptTokens: number;
  prefilledTokens: number;
  ttftMs: number;
  /** Between its tokens, as they arrived in JavaScript; a step that gave several tokens counts once. */
  gapsMs?: number[];
}

/** Who goes first under load, in the words of the engine. */
export interface CallOptions {
  class?: NativeClass;
}

/** Something that answers prompts of token ids: the unit that workloads run on. */
export interface System {
  readonly name: string;
  /** Generates exactly `outputTokens`, greedily. `program` groups the calls of one agent. */
  call(prompt: readonly number[], outputTokens: number, program: number, options?: CallOptions): Promise<CallCost>;
  /** The program's tool starts or ends, or (`finished`) nothing of it follows. For systems that care. */
  tell?(program: number, what: 'tool-started' | 'tool-ended' | 'finished', tool: string): void;
  close(): Promise<void>;
}
