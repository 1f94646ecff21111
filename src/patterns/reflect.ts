import type { GenerationResult } from '../engine/generation.js';
import type { Session } from '../engine/session.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { callback, number, type OptionsOf, signal } from '../native/option-kinds.js';
import { checkSession, patternTurn, type Said } from './branches.js';

export interface Reflection {
  /** The last answer. */
  readonly answer: GenerationResult;
  /** True: the critic had nothing to say against it; false: the rounds were over. */
  readonly accepted: boolean;
  /** All answers and what was said against each, in order. */
  readonly drafts: readonly { readonly text: string; readonly critique: string }[];
}

/** The table of the options. */
export const REFLECT = {
  /** Times that the answer is criticised, 1 to 64. Default 2. */
  rounds: number({ min: 1, max: 64, whole: true }, 2),
  /** Whether a critique lets the answer stand. Default: when it begins with OK. */
  accept: callback<(critique: GenerationResult) => boolean>(),
  /** What the critic reads of an answer. Default: the answer, and the request to write OK or what is wrong. */
  review: callback<(draft: string) => string>(),
  /** What the writer reads of a critique. Default: the critique, and the request to write the answer again. */
  revise: callback<(critique: string) => string>(),
  /** Options of every turn. */
  turn: patternTurn(),
  /** Signal that ends it: the running turn is cancelled, and the call rejects with ABORTED. */
  signal: signal(),
};

export interface ReflectOptions extends OptionsOf<typeof REFLECT> {}

/**
 * Answer, critique, better answer (Madaan et al., 2023). Writer and critic are sessions with instructions of their own and go
 * on; each turn computes only what is new. Rejects with INVALID_OPTION, SESSION_BUSY, ABORTED, CLOSED, and what a turn throws.
 */
export async function reflect(
  writer: Session,
  critic: Session,
  message: Said,
  options: ReflectOptions = {},
): Promise<Reflection> {
  const given = readTable('options', options, REFLECT);
  checkSession('writer', writer);
  checkSession('critic', critic);
  if (writer === critic) throw invalidOption('critic', 'a session of its own, e.g. a fork of the writer', critic);
  const {
    rounds = 2,
    accept = ({ text }: GenerationResult) => /^\W*ok\b/i.test(text),
    review = (draft: string) => `Check this answer. Write OK if it is right, else what is wrong with it.\n\n${draft}`,
    revise = (critique: string) => `A reviewer says:\n\n${critique}\n\nWrite the answer again, better.`,
  } = given;
  const turn = { ...given.turn, ...(given.signal && { signal: given.signal }) };
  let answer = await writer.generate(message, turn).result;
  const drafts: { text: string; critique: string }[] = [];
  for (let round = 0; round < rounds; round++) {
    const critique = await critic.generate(review(answer.text), turn).result;
    drafts.push({ text: answer.text, critique: critique.text });
    if (accept(critique)) return { answer, accepted: true, drafts };
    answer = await writer.generate(revise(critique.text), turn).result;
  }
  return { answer, accepted: false, drafts };
}
