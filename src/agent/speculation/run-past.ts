/** Calls that a predictor looks back at. */
export const LOOKED_BACK = 4;

/** What a predictor sees of a run: nothing but what the model has read or written. */
export interface RunPast {
  /** Text of the last message that the run began with. */
  readonly input: string;
  /** The last calls, at most 4, the oldest first. Those of the turn under way come last and have no result yet. */
  readonly calls: readonly PastCall[];
}

/** A call that the model made. */
export interface PastCall {
  readonly name: string;
  /** Arguments as they were parsed; undefined: they are no JSON. */
  readonly input: unknown;
  /** Text that the model reads of it; undefined: it is not there yet. */
  readonly result: string | undefined;
  /** False: it failed, and the result says why. */
  readonly ok: boolean;
}

/** A call that may come next. */
export interface PredictedCall {
  /** Name of the tool. */
  readonly name: string;
  /** Arguments. The model's call must equal them, as canonical JSON. */
  readonly input: object;
  /** How likely it is, 0 to 1. Default 1. */
  readonly probability?: number | undefined;
}

/** A rule of the caller's own: which calls come next, if it can tell. One that throws tells nothing. */
export type CallRule = (past: RunPast) => PredictedCall | readonly PredictedCall[] | undefined;

/**
 * How calls so far are named where patterns are counted: the names of the last one, two and three, the longest first. A call
 * that failed, and one without a result yet, are others.
 */
export function contextsOf({ calls }: RunPast): string[] {
  const names = [
    '^',
    ...calls.map(({ name, ok, result }) => `${ok ? '' : '!'}${result === undefined ? '~' : ''}${name}`),
  ];
  return [3, 2, 1].filter((count) => count <= names.length).map((count) => JSON.stringify(names.slice(-count)));
}
