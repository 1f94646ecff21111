import type { GenerationResult } from '../engine/generation.js';
import { meanLogprob } from '../engine/generation-events.js';
import { nthTurn } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { BanyanError } from '../kit/errors.js';
import { checkNumber, checkText } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { callback, number, type OptionsOf } from '../native/option-kinds.js';
import {
  ask,
  BRANCHES,
  type BranchTask,
  branch,
  checkSession,
  type Ended,
  type PatternTurn,
  patternTurn,
  type Said,
} from './branches.js';

/** One answer among several. */
export interface Candidate<Output = unknown> {
  /** Which branch it came from, from 0. */
  readonly index: number;
  readonly answer: GenerationResult<Output>;
  readonly score: number;
}

export interface Best<Output = unknown> extends Candidate<Output> {
  /** The conversation with this answer: go on with it, and close it. */
  readonly session: Session;
  /** All that had answered in time, in the order of the branches. */
  readonly candidates: readonly Candidate<Output>[];
  /** Branches that were cancelled, or not begun, because the others were enough. */
  readonly cancelled: number;
}

/** Judges an answer: the highest number wins. */
type Score<Output> = (answer: GenerationResult<Output>, index: number) => number | Promise<number>;
/** What an answer says, in a form in which equal ones are equal texts. */
type Vote<Output> = (answer: GenerationResult<Output>, index: number) => string;

/** The largest and the smallest number: a score may be any. */
const ANY = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };

/** The table of the options. */
export const BEST_OF = {
  ...BRANCHES,
  /** Answers to choose from, 1 to 256. Default 4. */
  n: number({ min: 1, max: 256, whole: true }, 4),
  /** Judge of an answer: the highest number wins. Default: the mean log probability of its tokens. */
  score: callback<Score<never>>(),
  /** What an answer says, as a text; the text said most often wins (self-consistency). Not together with `score`. */
  vote: callback<Vote<never>>(),
  /** Score that is good enough: the first answer to reach it ends the search. -1,000,000,000 to 1,000,000,000. Default: none. */
  enough: number({ min: -1e9, max: 1e9, whole: false }),
  /** Options of the turn. With a `seed`, theirs or the session's, branch i samples with seed + i. */
  turn: patternTurn(),
};

export interface BestOfOptions<Output = unknown> extends Omit<OptionsOf<typeof BEST_OF>, 'score' | 'vote' | 'turn'> {
  score?: Score<Output> | undefined;
  vote?: Vote<Output> | undefined;
  turn?: PatternTurn<Output> | undefined;
}

/**
 * The best of n answers to one message. The prompt is computed once for all; losers are cancelled within a step, as soon as
 * the winner is known: an answer of `enough` score, or a text that the votes to come cannot beat. The session itself stays
 * as it is. Rejects with INVALID_OPTION, ABORTED, CLOSED, and what `score` or a turn throws.
 */
export async function bestOf<Output = unknown>(
  session: Session,
  message: Said,
  options: BestOfOptions<Output> = {},
): Promise<Best<Output>> {
  const given = readTable('options', options, BEST_OF) as BestOfOptions<Output>;
  const { n = 4, score, vote, enough = Number.POSITIVE_INFINITY, turn = {}, signal, atOnce } = given;
  if (score && vote) throw new BanyanError('INVALID_OPTION', 'Pass `score` or `vote`, not both', { field: 'vote' });
  const byLikelihood = !score && !vote;
  const tries = Array.from(
    { length: n },
    (): BranchTask<Judged<Output>> =>
      async (fork, { index, signal: stop }) => {
        const { logprobs = 1 } = turn;
        const own = byLikelihood ? { ...turn, logprobs } : turn;
        const answer = await ask<Output>(message, nthTurn(own, index, session))(fork, { index, signal: stop });
        if (vote) return { answer, score: 0, says: checkText('vote', vote(answer, index)) };
        const value = await (score?.(answer, index) ?? Math.max(ANY.min, meanLogprob(answer) ?? ANY.min));
        return { answer, score: checkNumber('score', value, ANY.min, ANY.max), says: undefined };
      },
  );
  const votes = new Votes(n);
  const judged = (ended: readonly Ended<Judged<Output>>[]) =>
    ended.map(({ index, value: { answer, score: own, says }, session: fork }) => {
      return { index, session: fork, answer, score: says === undefined ? own : votes.of(says) };
    });
  let best: Winner<Output> | undefined;
  const ended = await branch(checkSession('session', session), tries, {
    signal,
    atOnce,
    enough: ({ says, score: reached }) => (says === undefined ? reached >= enough : votes.decidedBy(says)),
    keep: (all) => {
      best = judged(all).reduce((first, other) => (other.score > first.score ? other : first));
      return all.filter(({ session: fork }) => fork === best?.session);
    },
  });
  const candidates = judged(ended).map(({ session: _session, ...candidate }) => candidate);
  return { ...(best as Winner<Output>), candidates, cancelled: n - candidates.length };
}

type Winner<Output> = Candidate<Output> & Pick<Best<Output>, 'session'>;

interface Judged<Output> {
  answer: GenerationResult<Output>;
  score: number;
  /** Its vote, where answers vote. */
  says: string | undefined;
}

class Votes {
  readonly #votes = new Map<string, number>();
  #toCome: number;

  constructor(voters: number) {
    this.#toCome = voters;
  }

  /** Counts a vote. True: those to come cannot change who wins. */
  decidedBy(says: string): boolean {
    this.#votes.set(says, this.of(says) + 1);
    this.#toCome--;
    const [first = 0, second = 0] = [...this.#votes.values()].sort((a, b) => b - a);
    return first > second + this.#toCome;
  }

  of(says: string): number {
    return this.#votes.get(says) ?? 0;
  }
}
