import type { EngineStats } from '../../engine/engine.js';
import { waitAtLeast } from '../../kit/wait.js';
import { ProgressLine, type ProgressOutput } from '../progress/progress-line.js';

/** Between two looks at the engine. */
const EVERY_MS = 250;
/** What lies on the disk is known moments after the load: where nothing has come up by then, nothing is read ahead. */
const LOOKS_BEFORE_ANY = 20;

/** What is asked of an engine. */
interface Warming {
  readonly closed: boolean;
  stats(): Promise<Pick<EngineStats, 'pagesForetold' | 'foretoldLeft' | 'pagesPrefetched'>>;
}

/** Where it is shown, and by which clock: `now` in milliseconds, `wait` resolves after one look's time, or when the wait is to end. */
interface Shown {
  readonly output: ProgressOutput;
  readonly now: () => number;
  readonly wait: () => Promise<void>;
}

/**
 * Shows how far a new engine is with what it reads from its disk cache before it is asked: a line with the time left on a terminal, one line at
 * the end elsewhere. Resolves when all is read, there is nothing to read, or `signal` ends it. Never rejects: an engine that is closed
 * meanwhile reads nothing more.
 */
export async function showWarmUp(
  engine: Warming,
  signal: AbortSignal,
  { output, now, wait }: Shown = shownOn(process.stderr, signal),
): Promise<void> {
  const line = new ProgressLine(output, now);
  const began = now();
  try {
    for (let looks = 1; !signal.aborted && !engine.closed; looks++) {
      const { pagesForetold: all, foretoldLeft: left, pagesPrefetched: read } = await engine.stats();
      if (all > 0 && left === 0) {
        line.end();
        if (read > 0) output.write(`${read} pages of the disk cache were read in ${seconds(now() - began)} s\n`);
        return;
      }
      if (all === 0 && looks >= LOOKS_BEFORE_ANY) return;
      if (all > 0) line.show('Reading the disk cache', (all - left) / all, `${all - left} of ${all} pages`);
      await wait();
    }
  } catch {
    // the engine was closed meanwhile
  } finally {
    line.end();
  }
}

const shownOn = (output: ProgressOutput, signal: AbortSignal): Shown => ({
  output,
  now: () => performance.now(),
  wait: () => waitAtLeast(EVERY_MS, signal),
});

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
