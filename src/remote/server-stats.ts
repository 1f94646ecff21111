/** What is known of one server of a RemoteEngine. Counts are since it was connected. */
export interface ServerStats {
  /** Its address as it was given to `connect()`; in chat mode its name. */
  readonly url: string;
  /** What it speaks; `chat`: a language model of the AI SDK. */
  readonly dialect: string;
  /**
   * `ready`: requests go there. `resting`: it failed several times in a row, and is probed until it answers (in chat mode: by one request). `paused`: it asked to be
   * left alone for a while. `draining`: `drain()` was called.
   */
  readonly state: 'ready' | 'resting' | 'paused' | 'draining';
  /** Requests that wait or are answered there. */
  readonly inFlight: number;
  /** Tokens of prompts that are to be computed there, as far as is known. */
  readonly queuedTokens: number;
  /** Requests that went there, tries of the same one each for itself. */
  readonly sent: number;
  /** Those whose first token came. */
  readonly answered: number;
  /** Those that broke, or were refused. */
  readonly failed: number;
  /** Those that it was too busy for. */
  readonly busy: number;
  /** Tokens of the prompts of answers that ended. */
  readonly promptTokens: number;
  /** Of those: tokens that were cached, as it reports; null: it has reported none yet. */
  readonly cachedTokens: number | null;
  /** Tokens of its answers. */
  readonly outputTokens: number;
  /** Mean milliseconds to the first token; 0: none came yet. */
  readonly ttftMs: number;
  /** Milliseconds that it takes for a token of a prompt, as is believed now. */
  readonly prefillMs: number;
  /** Pages of 32 tokens that it is believed to have cached. */
  readonly knownPages: number;
}
