import { existsSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const schedstat = `/proc/self/task/${process.pid}/schedstat`;

/**
 * CPU time of the thread that runs JavaScript, where the system tells (Linux); elsewhere the event loop's active time.
 *
 * Why CPU time: a profiler attributes samples; the scheduler's own account counts everything that a token costs there, the addon's
 * callback, decoding, routing, promises and the consumer's `for await`. It leaves out waiting, so a busy machine does not blur
 * it. The model of a bench is just slow enough for one call a step: with a quicker one steps pile up in one call, which costs less.
 */
export function mainThreadMicros(): number {
  if (!existsSync(schedstat)) return performance.eventLoopUtilization().active * 1000;
  return Number(readFileSync(schedstat, 'utf8').split(' ')[0]) / 1000;
}
