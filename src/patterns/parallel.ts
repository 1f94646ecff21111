import type { Session } from '../engine/session.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { readList } from '../kit/read-options.js';
import { BRANCHES, type BranchOptions, type BranchTask, branch, checkSession } from './branches.js';

/** Of each task what it resolves to. */
export type Results<Tasks extends readonly BranchTask<unknown>[]> = {
  -readonly [Index in keyof Tasks]: Awaited<ReturnType<Tasks[Index]>>;
};

/**
 * Runs tasks side by side, each on a fork of the session: `parallel(session, [ask('For?'), ask('Against?')])`. The first
 * failure cancels the others, and none goes on after this call has ended. Results in the order of the tasks.
 * Rejects with what a task threw, ABORTED, INVALID_OPTION, CLOSED.
 */
export async function parallel<const Tasks extends readonly BranchTask<unknown>[]>(
  session: Session,
  tasks: Tasks,
  options: BranchOptions = {},
): Promise<Results<Tasks>> {
  const given = readTable('options', options, BRANCHES);
  const list = readList('tasks', tasks, 'a list of functions');
  for (const [index, task] of list.entries()) {
    if (typeof task !== 'function') throw invalidOption(`tasks[${index}]`, 'a function, e.g. ask("...")', task);
  }
  const ended = await branch(checkSession('session', session), list, given);
  return ended.map(({ value }) => value) as Results<Tasks>;
}
