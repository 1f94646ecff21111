import type { SpeculationReport } from '../agent/speculation/speculation.js';
import type { Usage } from '../engine/generation.js';

/** What a run tells while it goes. */
export type GraphEvent =
  | { type: 'started'; node: string; attempt: number }
  /** New text of a node of `ask` or `agent`. A node that is tried again begins anew. */
  | { type: 'text'; node: string; text: string }
  | { type: 'failed'; node: string; attempt: number; reason: unknown; again: boolean }
  | { type: 'ended'; node: string; value: unknown; report: NodeReport };

/** How a node went. */
export interface NodeReport {
  readonly name: string;
  readonly kind: 'input' | 'ask' | 'agent' | 'code' | 'pipe';
  /** Tries, 1 when the first one did; 0: nothing ran, it was an input or its answer was known. */
  readonly attempts: number;
  /** Milliseconds since the run began. */
  readonly startMs: number;
  readonly endMs: number;
  /** What the calls of an agent gave and cost that were begun before its model made them; undefined: it has no predictor, or did not run. */
  readonly speculation?: SpeculationReport | undefined;
  /** What its last try cost; undefined: it asked nothing. */
  readonly usage: Pick<Usage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens'> | undefined;
}

export interface GraphResult<Outputs> {
  readonly outputs: Outputs;
  /** In the order in which they ended. */
  readonly nodes: readonly NodeReport[];
  readonly totalMs: number;
  /** Sums over all nodes. */
  readonly usage: Pick<Usage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens'>;
}
