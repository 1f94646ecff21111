import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError, messageOf } from '../kit/errors.js';
import { resolveInThread } from './downloader-thread.js';
import { isFile, type ModelSource } from './model-source.js';
import { streamToFile } from './stream-to-file.js';

/** The model file of a URI, fetched if it is not there yet. Throws DOWNLOAD_FAILED. */
export async function downloadModel(uri: string, source: ModelSource): Promise<string> {
  const { directory, signal } = source;
  try {
    return await inTurn(`${directory}\n${uri}`, signal, () => {
      signal.throwIfAborted();
      return isUrl(uri) ? fromUrl(uri, source) : fromHub(uri, source);
    });
  } catch (cause) {
    throw new BanyanError('DOWNLOAD_FAILED', `Could not download "${uri}": ${inWords(cause)}`, {
      field: 'model',
      cause,
    });
  }
}

/** Downloads under way, the last of those that wait for each other. */
const underWay = new Map<string, Promise<unknown>>();

/** A second load of a model waits for the first, and finds the file. `work` itself hears the signal. */
async function inTurn<Result>(key: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  const before = underWay.get(key);
  const own = before ? before.then(work, work) : work();
  underWay.set(key, own);
  const forget = () => {
    if (underWay.get(key) === own) underWay.delete(key);
  };
  own.then(forget, forget);
  if (!before) return own;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort(signal, () => reject(signal.reason));
  });
  return Promise.race([own, aborted]);
}

const isUrl = (uri: string) => /^https?:/.test(uri);

async function fromUrl(url: string, source: ModelSource): Promise<string> {
  const { onProgress, signal, directory = join(homedir(), '.node-llama-cpp', 'models') } = source;
  const fileName = fileNameOf(url);
  const file = join(directory, fileName);
  if (await isFile(file)) return file;
  const { ok, headers } = await fetch(url, { method: 'HEAD', signal });
  if (ok && headers.get('accept-ranges') === 'bytes') {
    return resolveInThread(url, { directory, fileName }, onProgress, signal);
  }
  await streamToFile(url, file, onProgress, signal);
  return file;
}

/** Two servers may each have a model.gguf: a hash tells them apart. What signs a link to a file is no part of it. */
function fileNameOf(url: string): string {
  const { origin, pathname, href } = new URL(url);
  const name = (pathname.split('/').at(-1) ?? '').replace(/\.gguf.*$/i, '').replaceAll(/[^\w.-]+/g, '_');
  const source = /\.gguf$/i.test(pathname) ? origin + pathname : href;
  return `${createHash('sha256').update(source).digest('hex').slice(0, 12)}-${name.slice(-150)}.gguf`;
}

async function fromHub(uri: string, { directory, onProgress, signal }: ModelSource): Promise<string> {
  const { MODEL_ENDPOINT, HF_ENDPOINT } = process.env;
  const probe = MODEL_ENDPOINT ?? HF_ENDPOINT ?? 'https://huggingface.co/';
  return resolveInThread(uri, { ...(directory !== undefined && { directory }), probe }, onProgress, signal);
}

/** `fetch failed` says nothing; its cause does. */
function inWords(reason: unknown): string {
  const cause = reason instanceof Error && reason.cause instanceof Error ? reason.cause.message : '';
  return cause === '' ? messageOf(reason) : `${messageOf(reason)} (${cause})`;
}
