import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { onAbort } from '../kit/abort-listeners.js';
import type { LoadProgress } from './model-source.js';

export interface DownloaderOptions {
  /** Default: the library's own, ~/.node-llama-cpp/models. */
  directory?: string;
  /** Default: after what the URI names. */
  fileName?: string;
  /** A URL that must answer before the library tries: without a network it would try again for minutes. */
  probe?: string;
}

type Message = { path: string } | { downloadedSize: number; totalSize: number };

/*
 * Why a thread: the downloader tries again for minutes, whether or not a load still waits for it, and when several of its
 * connections fail, all but one reject without a listener, which ends a process. A thread can be ended, and its failure
 * is an event.
 */
const SCRIPT = `
const { parentPort, workerData: { library, uri, probe, ...place } } = require('node:worker_threads');
const stop = new AbortController();
parentPort.on('message', () => stop.abort());
import(library).then(async ({ resolveModelFile }) => {
  const options = {
    ...place,
    cli: false,
    signal: stop.signal,
    onProgress: ({ downloadedSize, totalSize }) => parentPort.postMessage({ downloadedSize, totalSize }),
  };
  let path = await resolveModelFile(uri, { ...options, download: false }).catch(() => undefined);
  if (!path && probe) await fetch(probe, { method: 'HEAD' });
  path ??= await resolveModelFile(uri, options);
  parentPort.postMessage({ path });
});
`;

/** After an abort: time to remove the unfinished file. */
const GRACE_MS = 1_000;

/** Path of the file that a URI names, downloaded unless it is there: in parallel, resumed after a lost connection. */
export function resolveInThread(
  uri: string,
  options: DownloaderOptions,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<string> {
  const workerData = { library: libraryPath(), uri, ...options };
  const worker = new Worker(SCRIPT, { eval: true, execArgv: [], workerData });
  return new Promise<string>((resolve, reject) => {
    const end = (settle: () => void) => {
      forgetSignal();
      void worker.terminate();
      settle();
    };
    const forgetSignal = onAbort(signal, () => {
      worker.postMessage('stop');
      setTimeout(() => worker.terminate(), GRACE_MS);
      reject(signal.reason);
    });
    worker.on('error', (reason) => end(() => reject(reason)));
    worker.on('message', (message: Message) => {
      if ('path' in message) end(() => resolve(message.path));
      else onProgress({ stage: 'download', fraction: fractionOf(message) });
    });
  });
}

function fractionOf({ downloadedSize, totalSize }: { downloadedSize: number; totalSize: number }): number {
  return totalSize > 0 ? downloadedSize / totalSize : 0;
}

function libraryPath(): string {
  try {
    return createRequire(import.meta.url).resolve('node-llama-cpp');
  } catch {
    throw new Error('this needs the package node-llama-cpp: npm install node-llama-cpp');
  }
}
