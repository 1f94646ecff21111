import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { LoadProgress } from '../../src/engine/load-options.js';
import { errorOf } from '../support/expect-code.js';
import { RAMBLING_MODEL } from '../support/random-engine.js';
import { randomModel } from '../support/random-model.js';

// Against a server of our own: no network.

let server: Server;
let base: string;
beforeAll(async () => {
  const model = await readFile(randomModel(RAMBLING_MODEL));
  server = createServer((request, response) => {
    if (request.url !== '/model.gguf') return response.writeHead(404).end();
    const [, from = 0, to = model.length - 1] =
      /bytes=(\d+)-(\d+)?/.exec(request.headers.range ?? '')?.map(Number) ?? [];
    const end = Number.isNaN(to) ? model.length - 1 : to;
    response.writeHead(request.headers.range ? 206 : 200, {
      'accept-ranges': 'bytes',
      'content-length': end + 1 - from,
      'content-range': `bytes ${from}-${end}/${model.length}`,
    });
    return response.end(request.method === 'HEAD' ? undefined : model.subarray(from, end + 1));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

test('a model is downloaded with progress, then loaded', { timeout: 30_000 }, async () => {
  const modelsDirectory = await mkdtemp(join(tmpdir(), 'banyan-download-'));
  onTestFinished(() => rm(modelsDirectory, { recursive: true }));
  const seen: LoadProgress[] = [];
  const onProgress = (progress: LoadProgress) => seen.push(progress);
  const engine = await Engine.load({
    model: `${base}/model.gguf`,
    modelsDirectory,
    threads: 1,
    kvTokens: 1_024,
    onProgress,
  });
  expect((await engine.generate('Hello', { maxTokens: 2 })).tokens).toHaveLength(2);
  await engine.close();
  expect(new Set(seen.map(({ stage }) => stage))).toEqual(new Set(['download', 'load']));
  for (const { fraction } of seen) expect(fraction).toBeGreaterThanOrEqual(0);
  expect(seen.at(-1)?.fraction).toBeLessThanOrEqual(1);
});

test('a model that is not there fails at once', async () => {
  const error = await errorOf(() => Engine.load({ model: `${base}/none.gguf` }));
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', field: 'model', message: expect.stringContaining('404') });
});

test('so does a server that is not there', async () => {
  const error = await errorOf(() => Engine.load({ model: 'http://127.0.0.1:9/none.gguf' }));
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', field: 'model' });
});
