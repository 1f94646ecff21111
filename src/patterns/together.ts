import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError } from '../kit/errors.js';

/** One task of several that begin and end together. `signal` aborts when its result is not wanted any more. */
export type Task<Result> = (signal: AbortSignal) => Promise<Result>;

export interface TogetherOptions<Result> {
  /** Aborts all of them: `together` then rejects with ABORTED. */
  signal: AbortSignal | undefined;
  /** How many run at a time. */
  atOnce: number;
  /** Hears of each result as it comes; true: these are enough, the tasks that still run are aborted. */
  enough?: (result: Result, index: number) => boolean;
}

/** What became of a task: undefined for one that was not begun, or was aborted because the others were enough. */
export type Outcome<Result> = { readonly value: Result } | undefined;

/**
 * Runs tasks that live no longer than this call: however it ends, all of them have ended before, none goes on unseen. The
 * first failure aborts the others and is what this rejects with (structured concurrency). Outcomes in the order of the tasks.
 */
export async function together<Result>(
  tasks: readonly Task<Result>[],
  { signal, atOnce, enough }: TogetherOptions<Result>,
): Promise<Outcome<Result>[]> {
  const outcomes: Outcome<Result>[] = tasks.map(() => undefined);
  const stop = new AbortController();
  let failure: { reason: unknown } | undefined;
  const aborted = () => {
    failure ??= { reason: new BanyanError('ABORTED', 'The branches were aborted', { cause: signal?.reason }) };
    stop.abort(failure.reason);
  };
  const forget = onAbort(signal, aborted);
  if (signal?.aborted) aborted();
  let next = 0;
  const worker = async () => {
    while (next < tasks.length && !stop.signal.aborted) {
      const index = next++;
      try {
        const value = await (tasks[index] as Task<Result>)(stop.signal);
        if (stop.signal.aborted) return; // what came of being cut off is no result
        outcomes[index] = { value };
        if (enough?.(value, index)) stop.abort(new Error('the other branches were enough'));
      } catch (reason) {
        if (stop.signal.aborted) return;
        failure = { reason };
        stop.abort(new Error('another branch failed'));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, tasks.length) }, worker));
  forget();
  if (failure) throw failure.reason;
  return outcomes;
}
