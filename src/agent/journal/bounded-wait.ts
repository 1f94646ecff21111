import { onAbort } from '../../kit/abort-listeners.js';
import { BanyanError } from '../../kit/errors.js';

/** How long a store of the caller's has after its run has ended, milliseconds. */
export const GRACE_MS = 5_000;

/** The signals after which a run waits no more. */
export interface RunEnds {
  /** The caller's: at once. */
  aborted: AbortSignal | undefined;
  /** By a limit or a cancellation: there is something to write down, for a while. */
  ended: AbortSignal;
}

/** What the store answers. One that never does cannot hold the run: rejects with ABORTED, or with JOURNAL_FAILED after GRACE_MS. */
export function boundedWait<Result>(
  work: () => Result | Promise<Result>,
  { aborted, ended }: RunEnds,
): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: BanyanError) => {
      forget();
      reject(error);
    };
    const abort = () => fail(new BanyanError('ABORTED', 'The run was aborted', { cause: aborted?.reason }));
    const wait = () => {
      const message = `The journal did not answer within ${GRACE_MS} ms of the end of the run`;
      timer = setTimeout(() => fail(new BanyanError('JOURNAL_FAILED', message, { field: 'journal' })), GRACE_MS);
    };
    const listening = [onAbort(aborted, abort), onAbort(ended, wait)];
    const forget = () => {
      clearTimeout(timer);
      for (const stop of listening) stop();
    };
    if (aborted?.aborted) return abort();
    if (ended.aborted) wait();
    Promise.resolve().then(work).finally(forget).then(resolve, reject);
  });
}
