/**
 * Tokens by who drafted them: the prefix tree after exactly these tokens, the request's own text, former answers to its tenant, its
 * grammar, the draft model.
 */
export interface NativeDraftKinds {
  readonly tree: number;
  readonly own: number;
  readonly tenant: number;
  readonly grammar: number;
  readonly model: number;
}

/** Of what was never drafted for. */
export const NO_DRAFTS: NativeDraftKinds = { tree: 0, own: 0, tenant: 0, grammar: 0, model: 0 };
