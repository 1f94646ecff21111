import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LoadProgress } from './model-source.js';

/**
 * One stream, whole or not at all: for servers that send no ranges, where a lost connection cannot be resumed. (The
 * downloader would write what it gets the second time behind what it got the first time.)
 */
export async function streamToFile(
  url: string,
  file: string,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const part = `${file}.${randomUUID()}.part`;
  await mkdir(dirname(file), { recursive: true });
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || !response.body)
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length') ?? 0); // 0: it does not say
    let received = 0;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        received += chunk.length;
        onProgress({ stage: 'download', fraction: total > 0 ? Math.min(1, received / total) : 0 });
        yield chunk;
      }
    };
    await pipeline(response.body, counted, createWriteStream(part), { signal });
    await rename(part, file);
  } finally {
    await rm(part, { force: true });
  }
}
