import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { downloadModel } from './download.js';
import { BanyanError } from './errors.js';
import type { LoadProgress } from './load-options.js';

const EMBEDDED = fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));
const WHAT_TO_PASS = 'the path of a GGUF, hf:user/repo:quant or an https URL';

export interface ModelSource {
  model: string | undefined;
  /** Where downloads go; undefined: the downloader's own place. */
  directory: string | undefined;
  onProgress: (progress: LoadProgress) => void;
  /** Ends a download. */
  signal: AbortSignal;
}

/** Path of the GGUF on disk, downloaded first when `model` is a URI. Throws MODEL_NOT_FOUND, DOWNLOAD_FAILED. */
export async function findModelFile(source: ModelSource): Promise<string> {
  const { model } = source;
  if (model === undefined) {
    if (await isFile(EMBEDDED)) return EMBEDDED;
    throw notFound(`This package comes without its small model: pass \`model\`, ${WHAT_TO_PASS}`);
  }
  if (/^(hf:|huggingface:|https?:\/\/)/.test(model)) return downloadModel(model, source);
  if (await isFile(model)) return model;
  throw notFound(`No model file at ${resolve(model).slice(0, 1_000)}: pass ${WHAT_TO_PASS}`);
}

function notFound(message: string): BanyanError {
  return new BanyanError('MODEL_NOT_FOUND', message, { field: 'model' });
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
