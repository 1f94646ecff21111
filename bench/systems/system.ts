/** What one call of an agent cost. Times in milliseconds. */
export interface CallCost {
  tokens: number[]; // generated
  promptTokens: number;
  prefilledTokens: number;
  ttftMs: number;
}

/** Something that answers prompts of token ids: the unit that workloads run on. */
export interface System {
  readonly name: string;
  /** Generates exactly `outputTokens`, greedily. `program` groups the calls of one agent. */
  call(prompt: readonly number[], outputTokens: number, program: number): Promise<CallCost>;
  close(): Promise<void>;
}
