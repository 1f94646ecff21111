/** A call that has ended. No text of it. Milliseconds and tokens; null: not known. */
export interface EndedCall {
  /** Of its agent run; 0: of none. */
  readonly program: number;
  readonly label: string;
  readonly tenant: string;
  readonly reason: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly outputTokens: number;
  readonly queueMs: number | null;
  readonly ttftMs: number | null;
  readonly totalMs: number;
  readonly tools: readonly string[];
  /** How much of the prompt was cached, and why not all. */
  readonly miss: string;
}
