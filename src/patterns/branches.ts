import type { ChatMessage } from '../chat/chat-message.js';
import type { GenerationResult } from '../engine/generation.js';
import { newGroup } from '../engine/program.js';
import type { TurnOptions } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError } from '../kit/errors.js';
import { checkObject, invalidOption } from '../kit/option-checks.js';
import { reading } from '../kit/read-options.js';
import { number, type Option, type OptionsOf, other, signal } from '../native/option-kinds.js';
import { type Task, together } from './together.js';

/** What is said in one turn: a text of the user, or messages. */
export type Said = string | ChatMessage | readonly ChatMessage[];

/** Work on one fork of a session. `signal` aborts when its result is not wanted: pass it to what the fork does not run itself. */
export type BranchTask<Result> = (branch: Session, context: BranchContext) => Result | Promise<Result>;

export interface BranchContext {
  /** Which of the branches this is, from 0. */
  readonly index: number;
  readonly signal: AbortSignal;
}

const COUNT = { min: 1, max: 4096, whole: true };

/** Options of every pattern. */
export const BRANCHES = {
  /** Branches at a time, 1 to 4,096. Default 4,096: the engine's own queue is the limit. */
  atOnce: number(COUNT, COUNT.max),
  /** Signal that ends it: every branch is cancelled, and the call rejects with ABORTED. */
  signal: signal(),
};

export interface BranchOptions extends OptionsOf<typeof BRANCHES> {}

/** Options of the turns of a pattern, which has its own `signal`. */
export interface PatternTurn<Output = unknown> extends Omit<TurnOptions<Output>, 'signal'> {}

export function patternTurn(): Option<PatternTurn> {
  return other('an object', (field, value) => {
    if (!('signal' in checkObject(field, value))) return value as PatternTurn;
    throw new BanyanError('INVALID_OPTION', 'Pass `signal` beside `turn`, not in it', { field: `${field}.signal` });
  });
}

/** What a pattern makes of its branches beside running them. */
interface Plan<Result> extends BranchOptions {
  /** Program of the branches. Default: the trunk's. */
  program?: Session['program'];
  /** What a branch is a fork of. Default: the same session for all. */
  trunk?: (index: number) => Session | undefined;
  enough?: (result: Result, index: number) => boolean;
  /** Which branches stay open when all have ended, their caller closes them. Default: none. */
  keep?: (ended: readonly Ended<Result>[]) => readonly Ended<Result>[];
}

/** A branch that came to a result. */
export interface Ended<Result> {
  readonly index: number;
  readonly value: Result;
  /** Open only where a plan keeps it. */
  readonly session: Session;
}

/**
 * Runs each task on a fork of its own. Forks share the trunk's pages, are one group of one program to the scheduler, so the
 * last of them is hurried, and are closed when they have ended or are not wanted: a turn of theirs is cancelled within a step.
 */
export async function branch<Result>(
  trunk: Session,
  tasks: readonly BranchTask<Result>[],
  plan: Plan<Result> = {},
): Promise<Ended<Result>[]> {
  const { program = trunk.program } = plan;
  const group = { id: newGroup(), size: Math.max(1, tasks.length) };
  const forks: Session[] = [];
  const onFork = (task: BranchTask<Result>, index: number): Task<Result> => {
    return async (stop) => {
      const fork = (plan.trunk?.(index) ?? trunk).fork({ program, group });
      forks[index] = fork;
      const forget = onAbort(stop, () => void fork.close());
      try {
        return await task(fork, { index, signal: stop });
      } finally {
        forget();
      }
    };
  };
  const { signal: given, atOnce = COUNT.max, enough = () => false } = plan;
  const open = new Set<Session>();
  try {
    const outcomes = await together(tasks.map(onFork), { signal: given, atOnce, enough });
    const ended = outcomes.flatMap((outcome, index) =>
      outcome ? [{ index, value: outcome.value, session: forks[index] as Session }] : [],
    );
    for (const { session } of plan.keep?.(ended) ?? []) open.add(session);
    return ended;
  } finally {
    await Promise.all(forks.filter((fork) => !open.has(fork)).map((fork) => fork.close()));
  }
}

/** A task that is one turn: what is said, and how it is answered. */
export function ask<Output = unknown>(
  message: Said,
  options: TurnOptions<Output> = {},
): BranchTask<GenerationResult<Output>> {
  return (fork, { signal: stop }) => {
    const both = options.signal ? AbortSignal.any([options.signal, stop]) : stop;
    return fork.generate<Output>(message, { ...options, signal: both }).result;
  };
}

/** Throws INVALID_OPTION for what cannot be forked. */
export function checkSession(field: string, session: Session): Session {
  if (reading(field, () => typeof session?.fork === 'function' && typeof session.generate === 'function'))
    return session;
  throw invalidOption(field, 'a session of engine.session()', session);
}

/** A call-back that cannot be left out. Throws INVALID_OPTION. */
export function required<Callback>(field: string, callback: Callback | undefined): Callback {
  if (typeof callback === 'function') return callback;
  throw invalidOption(field, 'a function', callback);
}
