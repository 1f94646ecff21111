import { existsSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const schedstat = `/proc/self/task/${process.pid}/schedstat`;

/** CPU time of the thread that runs JavaScript, where the system tells (Linux); elsewhere the event loop's active time. */
export function mainThreadMicros(): number {
  if (!existsSync(schedstat)) return performance.eventLoopUtilization().active * 1000;
  return Number(readFileSync(schedstat, 'utf8').split(' ')[0]) / 1000;
}
