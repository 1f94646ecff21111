import type { Session } from '../engine/session.js';
import { checkObject, checkText, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readFields, readList } from '../kit/read-options.js';
import { callback, number, type OptionsOf } from '../native/option-kinds.js';
import { BRANCHES, checkSession, patternTurn } from './branches.js';
import { together } from './together.js';

/** One who takes part: a name, and a conversation with its own instructions. */
export interface Side {
  readonly name: string;
  readonly session: Session;
}

export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface Debate {
  /** Of each round, what each side said, in the order of the sides. */
  readonly rounds: readonly (readonly Statement[])[];
  /** The judge's answer. */
  readonly verdict: string;
}

/** The table of the options. */
export const DEBATE = {
  ...BRANCHES,
  /** Times that every side speaks, 1 to 64. Default 2. */
  rounds: number({ min: 1, max: 64, whole: true }, 2),
  /** What a side reads of the others' last statements. Default: each as `name: text`, and the request to answer them. */
  retort: callback<(others: readonly Statement[]) => string>(),
  /** What the judge reads of the last round. Default: each statement as `name: text`, and the request to decide. */
  sum: callback<(statements: readonly Statement[]) => string>(),
  /** Options of every turn. */
  turn: patternTurn(),
};

export interface DebateOptions extends OptionsOf<typeof DEBATE> {}

const listed = (statements: readonly Statement[]) =>
  statements.map(({ name, text }) => `${name}: ${text}`).join('\n\n');

/**
 * A debate (Du et al., 2023): each round all sides speak at the same time and hear what the others said in the round before;
 * then the judge reads the last round. The sessions are the caller's and go on; each computes only what is new to it.
 * Rejects with INVALID_OPTION, SESSION_BUSY, ABORTED, CLOSED, and what a turn throws; all turns have ended then.
 */
export async function debate(
  question: string,
  sides: readonly Side[],
  judge: Session,
  options: DebateOptions = {},
): Promise<Debate> {
  const given = readTable('options', options, DEBATE);
  const { rounds: count = 2, turn, signal, atOnce = Number.POSITIVE_INFINITY } = given;
  const {
    retort = (others: readonly Statement[]) => `The others say:\n\n${listed(others)}\n\nAnswer them.`,
    sum = (all: readonly Statement[]) => `${question}\n\nThe answers:\n\n${listed(all)}\n\nWhich is right, and why?`,
  } = given;
  checkText('question', question);
  const speakers = checkSides(sides);
  checkSession('judge', judge);
  const rounds: Statement[][] = [];
  for (let round = 0; round < count; round++) {
    const before = rounds.at(-1);
    const turns = speakers.map(({ name, session }, index) => async (stop: AbortSignal) => {
      const heard = before ? retort(before.filter((_, other) => other !== index)) : question;
      const { text } = await session.generate(heard, { ...turn, signal: stop }).result;
      return { name, text };
    });
    const said = await together(turns, { signal, atOnce });
    rounds.push(said.flatMap((outcome) => (outcome ? [outcome.value] : [])));
  }
  const verdict = await judge.generate(sum(rounds.at(-1) as Statement[]), { ...turn, ...(signal && { signal }) })
    .result;
  return { rounds, verdict: verdict.text };
}

function checkSides(sides: readonly Side[]): Side[] {
  const list = readList('sides', sides, 'a list of { name, session }');
  if (list.length < 2) throw invalidOption('sides', 'two or more', sides);
  const read = list.map((side, index) => {
    const { name, session } = readFields(`sides[${index}]`, checkObject(`sides[${index}]`, side) as Side);
    return { name: checkText(`sides[${index}].name`, name), session: checkSession(`sides[${index}].session`, session) };
  });
  const twice = read.find(({ session }, index) => read.findIndex((other) => other.session === session) !== index);
  if (twice) throw invalidOption('sides', 'sessions of their own: fork one for each side', twice.name);
  return read;
}
