import { Workers } from '../../workers/workers.js';
import type { WorkersOptions } from '../../workers/workers-options.js';
import { withProgress } from '../load-model.js';

/** Starts workers, with their progress on stderr. */
export function startWithProgress(options: WorkersOptions, signal: AbortSignal): Promise<Workers> {
  return withProgress((onProgress) => Workers.start({ ...options, onProgress, signal }));
}
