import { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import type { LoadProgress } from '../model/model-source.js';

const STEPS = 10;

/** Loads with progress on stderr: see withProgress. */
export function loadWithProgress(options: EngineOptions): Promise<Engine> {
  return withProgress((onProgress) => Engine.load({ ...options, onProgress }));
}

/** Progress on stderr: a line that rewrites itself on a terminal, one line a tenth of a download elsewhere. */
export async function withProgress<Loaded>(
  load: (onProgress: (progress: LoadProgress) => void) => Promise<Loaded>,
): Promise<Loaded> {
  const output = process.stderr;
  let shown = '';
  const onProgress = ({ stage, fraction }: LoadProgress) => {
    const steps = output.isTTY ? Math.floor(fraction * 100) : Math.floor(fraction * STEPS) * STEPS;
    const text = `${stage === 'download' ? 'Downloading' : 'Loading'} the model ${steps}%`;
    if (text === shown || (!output.isTTY && stage === 'load')) return;
    shown = text;
    output.write(output.isTTY ? `\r${text}` : `${text}\n`);
  };
  try {
    return await load(onProgress);
  } finally {
    if (output.isTTY && shown) output.write(`\r${' '.repeat(shown.length)}\r`);
  }
}
