import type { NativeRequest } from '../../src/native/binding.js';

/** What one call of an agent cost. Times in milliseconds. */
export interface CallCost {
  tokens: number[]; // generated
  promptTokens: number;
  prefilledTokens: number;
  /** From its submission to its first step. */
  queueMs: number;
  ttftMs: number;
  /** Between its tokens, as they arrived in JavaScript; a step that gave several tokens counts once. */
  gapsMs: number[];
}

/** How a call is scheduled, in the words of the engine. */
export type CallOptions = Partial<Pick<NativeRequest, 'class' | 'salt' | 'group' | 'groupSize' | 'staticTokens'>>;

export interface RunningCall {
  readonly done: Promise<CallCost>;
  /** Ends it with what it has. */
  cancel(): void;
}

/** Something that answers prompts of token ids: the unit that workloads run on. */
export interface System {
  readonly name: string;
  /** Generates exactly `outputTokens`, greedily. `program` groups the calls of one agent. */
  start(prompt: readonly number[], outputTokens: number, program: number, options?: CallOptions): RunningCall;
  /** The program's tool starts or ends, a person is asked, or nothing of it follows. For systems that care. */
  tell?(program: number, what: 'tool-started' | 'tool-ended' | 'waiting-for-human' | 'finished', tool: string): void;
  /** CPU time so far, where another process computes. */
  cpuMs?(): number;
  /** Prompt tokens computed so far, where the system counts them itself: those of calls that were cancelled, too. */
  computed?(): Promise<number>;
  /** Drops what is cached: each repetition starts cold. */
  forget(): Promise<void>;
  close(): Promise<void>;
}
