import type { Phase } from '../vocabulary.js';

/** What an agent run cost so far. */
export interface NativeProgramReport {
  /** It computes, waits for tools, waits for a person, or has ended. */
  phase: Phase;
  active: boolean;
  paused: boolean;
  /** Requests that ended; that wait or run. */
  calls: number;
  live: number;
  /** Tokens through the model along its longest path of calls. */
  service: number;
  /** Along all paths. */
  computedTokens: number;
  promptTokens: number;
  cachedTokens: number;
  outputTokens: number;
  /** It had computed them before, and they were gone when it came back. */
  lostTokens: number;
  preemptions: number;
  pauses: number;
  waitedMs: number;
  /** Waited for tools and people. */
  actingMs: number;
  /** The last decision about its pages: "kept 9.4 s because ..." */
  retention: string;
}

/** What an agent run cost on any engine. */
export interface ProgramCost extends Omit<NativeProgramReport, 'cachedTokens'> {
  /** Null: not known of a request (an engine elsewhere that does not tell). */
  cachedTokens: number | null;
}
