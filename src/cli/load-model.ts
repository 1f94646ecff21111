import { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import type { LoadProgress } from '../model/model-source.js';
import { ProgressLine } from './progress/progress-line.js';

const STEPS = 10;

/** Loads with progress on stderr: see withProgress. */
export function loadWithProgress(options: EngineOptions): Promise<Engine> {
  return withProgress((onProgress) => {
    const both: typeof onProgress = (progress) => {
      onProgress(progress);
      options.onProgress?.(progress);
    };
    return Engine.load({ ...options, onProgress: both });
  });
}

/** Progress on stderr: a line with the time left on a terminal, one line a tenth of a download elsewhere. */
export async function withProgress<Loaded>(
  load: (onProgress: (progress: LoadProgress) => void) => Promise<Loaded>,
): Promise<Loaded> {
  const output = process.stderr;
  const line = new ProgressLine(output);
  let told = '';
  const onProgress = ({ stage, fraction }: LoadProgress) => {
    const what = `${stage === 'download' ? 'Downloading' : 'Loading'} the model`;
    line.show(what, fraction);
    if (line.isShown || stage === 'load') return;
    const text = `${what} ${Math.floor(fraction * STEPS) * STEPS}%`;
    if (text !== told) output.write(`${text}\n`);
    told = text;
  };
  try {
    return await load(onProgress);
  } finally {
    line.end();
  }
}
