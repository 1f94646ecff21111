import { invalidOption } from '../../kit/option-checks.js';
import { number, type OptionsOf, text } from '../../native/option-kinds.js';

export const ON_OVERFLOW = ['error', 'results', 'trim', 'window', 'compact'] as const;

/** What to do when a conversation no longer fits the context. */
export type OnOverflow = (typeof ON_OVERFLOW)[number];

const TURNS = { max: 1_024, whole: true };

/** The table of OverflowOptions. A turn is a message of the user, or an answer with its calls and all their results. */
export const OVERFLOW = {
  /** Turns at the beginning that are never forgotten, 0 to 1,024. Default 1, the task; with `trim` 0. */
  first: number({ min: 0, ...TURNS }),
  /** Turns at the end that stay as they are if they fit, what comes now among them, 1 to 1,024. Default 4; `trim` keeps as many as fit. */
  last: number({ min: 1, ...TURNS }),
  /**
   * Characters that stay of each tool result in older turns, 64 to 2,147,483,647; they are cut before a message is forgotten.
   * Default 256 with `results`, else results stay whole.
   */
  oldResults: number({ min: 64, max: 2 ** 31 - 1, whole: true }),
  /** Tokens of a summary at most, 16 to 65,536, never more than a quarter of the context. Default an eighth, at most 1,024. */
  summaryTokens: number({ min: 16, max: 65_536, whole: true }),
  /** What the model is told to write a summary. Default: what was asked, done, found, and what is left, for itself to go on from. */
  summaryPrompt: text(),
};

/** How `onOverflow` makes room. */
export interface OverflowOptions extends OptionsOf<typeof OVERFLOW> {}

/** The same, complete. */
export interface Overflow {
  readonly how: OnOverflow;
  readonly first: number;
  readonly last: number;
  /** Infinity: they stay whole. */
  readonly oldResults: number;
  /** Undefined: by the context. */
  readonly summaryTokens: number | undefined;
  readonly summaryPrompt: string;
}

const SUMMARY_PROMPT =
  'Summarise the conversation so far, for yourself: you will go on from your summary and the last messages alone. ' +
  'Say what was asked, what was done and found, with names, numbers and paths as they are, what failed, and what is left to do. ' +
  'Write the summary only.';

/** What of the options means something. */
const USED: Readonly<Record<OnOverflow, readonly (keyof OverflowOptions)[]>> = {
  error: [],
  results: ['last', 'oldResults'],
  trim: ['first', 'last', 'oldResults'],
  window: ['first', 'last', 'oldResults'],
  compact: ['first', 'last', 'oldResults', 'summaryTokens', 'summaryPrompt'],
};

/** Options that were read by their table. Throws INVALID_OPTION for one that would have no effect. */
export function toOverflow(how: OnOverflow, given: OverflowOptions = {}): Overflow {
  for (const name of Object.keys(OVERFLOW) as (keyof OverflowOptions)[]) {
    if (given[name] === undefined || USED[how].includes(name)) continue;
    throw invalidOption(`overflow.${name}`, `left out with onOverflow "${how}"`, given[name]);
  }
  const { first, last = 4, oldResults, summaryTokens, summaryPrompt = SUMMARY_PROMPT } = given;
  return {
    how,
    first: first ?? (how === 'window' || how === 'compact' ? 1 : 0),
    last,
    oldResults: oldResults ?? (how === 'results' ? 256 : Number.POSITIVE_INFINITY),
    summaryTokens,
    summaryPrompt: summaryPrompt.toWellFormed(),
  };
}
