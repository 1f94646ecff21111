import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BanyanError } from './errors.js';
import type { LoadProgress } from './load-options.js';

const EMBEDDED = fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));

export interface ModelSource {
  model?: string | undefined;
  modelsDirectory?: string | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Path of the GGUF on disk, downloaded first when `model` is a URI. Throws MODEL_NOT_FOUND, DOWNLOAD_FAILED, ABORTED. */
export async function findModelFile(source: ModelSource): Promise<string> {
  const { model } = source;
  if (model === undefined) {
    if (await isFile(EMBEDDED)) return EMBEDDED;
    throw notFound(
      'This package comes without its small model: pass `model`, the path of a GGUF or hf:user/repo:quant',
    );
  }
  if (/^(hf:|huggingface:|https?:\/\/)/.test(model)) return download(model, source);
  if (await isFile(model)) return model;
  throw notFound(`No model file at "${model}"`);
}

function notFound(message: string): BanyanError {
  return new BanyanError('MODEL_NOT_FOUND', message, { field: 'model' });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function download(uri: string, { modelsDirectory, onProgress, signal }: ModelSource): Promise<string> {
  const { resolveModelFile } = await import('node-llama-cpp').catch((cause: unknown) => {
    const message = `Downloading "${uri}" needs the package node-llama-cpp: npm install node-llama-cpp`;
    throw new BanyanError('DOWNLOAD_FAILED', message, { field: 'model', cause });
  });
  try {
    if (uri.startsWith('http')) await checkReachable(uri, signal);
    return await resolveModelFile(uri, {
      cli: false,
      ...(modelsDirectory !== undefined && { directory: modelsDirectory }),
      ...(signal && { signal }),
      onProgress: ({ downloadedSize, totalSize }) =>
        onProgress?.({ stage: 'download', fraction: totalSize > 0 ? downloadedSize / totalSize : 0 }),
    });
  } catch (cause) {
    if (signal?.aborted) throw new BanyanError('ABORTED', 'The download was aborted', { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BanyanError('DOWNLOAD_FAILED', `Could not download "${uri}": ${reason}`, { field: 'model', cause });
  }
}

/** The downloader retries for minutes what can never succeed; one request first tells. */
async function checkReachable(url: string, signal: AbortSignal | undefined): Promise<void> {
  const { status } = await fetch(url, { method: 'HEAD', ...(signal && { signal }) });
  if ([401, 403, 404, 410].includes(status)) throw new Error(`the server answered ${status}`);
}
