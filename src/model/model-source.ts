import { stat } from 'node:fs/promises';

/** `download` counts bytes of the model file, `load` the tensors read into memory. */
export interface LoadProgress {
  stage: 'download' | 'load';
  /** [0, 1] */
  fraction: number;
}

/** Which model file is wanted, and who hears of it. */
export interface ModelSource {
  model: string | undefined;
  /** The folder of downloads; undefined: the downloader's own place. */
  directory: string | undefined;
  onProgress: (progress: LoadProgress) => void;
  /** Ends a download. */
  signal: AbortSignal;
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
