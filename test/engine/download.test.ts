import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import type { LoadProgress } from '../../src/model/model-source.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';

// Against a server of our own: no network.

let server: Server;
let base: string;
let hub: string;
let asked: string[];
let models: Record<string, Buffer>;

/** The whole file, or the range that was asked for. */
function send(file: Buffer, request: IncomingMessage, response: ServerResponse): void {
  const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '');
  const [from, to] = range ? [Number(range[1]), Number(range[2])] : [0, file.length - 1];
  response.writeHead(range ? 206 : 200, {
    'accept-ranges': 'bytes',
    'content-length': to + 1 - from,
    'content-range': `bytes ${from}-${to}/${file.length}`,
  });
  response.end(request.method === 'HEAD' ? undefined : file.subarray(from, to + 1));
}

const routes: Record<string, (request: IncomingMessage, response: ServerResponse, file: Buffer) => void> = {
  '/model.gguf': (request, response, file) => send(file, request, response),
  '/moved.gguf': (_, response) => response.writeHead(302, { location: '/broken.gguf?signature=1' }).end(),
  '/circle.gguf': (_, response) => response.writeHead(302, { location: '/circle.gguf' }).end(),
  // No ranges, no length.
  '/plain.gguf': (_, response, file) => {
    response.write(file.subarray(0, 10_000));
    response.end(file.subarray(10_000));
  },
  // No ranges, and the connection is lost.
  '/lost.gguf': (_, response, file) => {
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, 10_000), () => response.destroy());
  },
  // It says that it has ranges, and sends everything.
  '/liar.gguf': (request, response) => {
    response.writeHead(200, { 'accept-ranges': 'bytes', 'content-length': 20_000_000 });
    response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(20_000_000));
  },
  '/busy.gguf': (_, response) => response.writeHead(503).end(),
  '/page.gguf': (_, response) => response.end('<html>Please log in</html>'),
  '/silent.gguf': () => {},
  // A link that is signed for GET.
  '/signed.gguf': (request, response, file) =>
    request.method === 'HEAD' ? response.writeHead(403).end() : send(file, request, response),
  // The connection is lost once, in the middle.
  '/broken.gguf': (request, response, file) => {
    if (!request.headers.range || asked.filter((url) => url === '/broken.gguf').length > 3)
      return send(file, request, response);
    response.writeHead(206, {
      'content-length': file.length,
      'content-range': `bytes 0-${file.length - 1}/${file.length}`,
    });
    return response.write(file.subarray(0, 10_000), () => response.destroy());
  },
  '/v2/someone/model-GGUF/manifests/Q8_0': (_, response) =>
    response.end(JSON.stringify({ ggufFile: { rfilename: 'model.Q8_0.gguf' } })),
  '/someone/model-GGUF/resolve/main/model.Q8_0.gguf': (request, response, file) => send(file, request, response),
};

beforeAll(async () => {
  models = {
    a: await readFile(randomModel(RAMBLING_MODEL)),
    b: await readFile(randomModel({ ...RAMBLING_MODEL, seed: 2, layers: 1 })),
  };
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost');
    asked.push(pathname);
    const [, folder = '', path = pathname] = /^\/([ab])(\/.*)/.exec(pathname) ?? [];
    const route = routes[path];
    if (route) route(request, response, models[folder || 'a'] as Buffer);
    else response.writeHead(404).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  hub = base.replace('127.0.0.1', 'localhost'); // another host: what is on the hub has names of its own
  process.env.HF_ENDPOINT = hub;
});
beforeEach(() => {
  asked = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'banyan-download-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Loads it and says how many layers' worth of parameters came. */
async function load(model: string, options: EngineOptions = {}): Promise<number> {
  const modelsDirectory = options.modelsDirectory ?? (await emptyFolder());
  const engine = await Engine.load({ model, modelsDirectory, threads: 1, kvTokens: 1_024, ...options });
  const { parameters } = engine.info;
  await engine.close();
  return parameters;
}

test('a model is downloaded with progress, then loaded', async () => {
  const seen: LoadProgress[] = [];
  const modelsDirectory = await emptyFolder();
  const engine = await Engine.load({
    model: `${base}/model.gguf`,
    modelsDirectory,
    threads: 1,
    kvTokens: 1_024,
    onProgress: (progress) => seen.push(progress),
  });
  expect((await engine.generate('Hello', { maxTokens: 2 })).tokens).toHaveLength(2);
  await engine.close();
  expect(new Set(seen.map(({ stage }) => stage))).toEqual(new Set(['download', 'load']));
  for (const { fraction } of seen) expect(fraction).toBeGreaterThanOrEqual(0);
  expect(seen.at(-1)?.fraction).toBeLessThanOrEqual(1);
  expect(await readdir(modelsDirectory)).toEqual([expect.stringMatching(/^[0-9a-f]{12}-model\.gguf$/)]);
});

test.each(['/moved.gguf', '/signed.gguf', '/plain.gguf'])('%s arrives whole', async (path) => {
  const modelsDirectory = await emptyFolder();
  expect(await load(`${base}${path}`, { modelsDirectory })).toBeGreaterThan(0);
  const [name = '', ...more] = await readdir(modelsDirectory);
  expect(more).toEqual([]);
  expect((await readFile(join(modelsDirectory, name))).equals(models.a as Buffer)).toBe(true);
});

test.each(['a name on Hugging Face', 'a URL'])('%s is asked for once', async (kind) => {
  const model = kind === 'a URL' ? `${base}/plain.gguf` : 'hf:someone/model-GGUF:Q8_0';
  const modelsDirectory = await emptyFolder();
  const first = await load(model, { modelsDirectory });
  asked = [];
  expect(await load(model, { modelsDirectory })).toBe(first);
  expect(asked).toEqual([]);
});

test('two models of one file name are two models, whatever signs their links', async () => {
  const modelsDirectory = await emptyFolder();
  const a = await load(`${base}/a/plain.gguf`, { modelsDirectory });
  const b = await load(`${base}/b/plain.gguf`, { modelsDirectory });
  expect(a).not.toBe(b);
  expect(await load(`${base}/a/plain.gguf?expires=tomorrow`, { modelsDirectory })).toBe(a);
  expect(await readdir(modelsDirectory)).toHaveLength(2);
});

test('two loads at once download once', async () => {
  const modelsDirectory = await emptyFolder();
  const [a, b] = await Promise.all([1, 2].map(() => load(`${base}/plain.gguf`, { modelsDirectory })));
  expect(a).toBe(b);
  expect(asked).toHaveLength(2); // HEAD and GET
});

test.each([
  ['a file that is not there', '/none.gguf', '404'],
  ['a server that sends in circles', '/circle.gguf', 'redirect'],
  ['a server that is too busy', '/busy.gguf', '503'],
  ['a lost connection that cannot be resumed', '/lost.gguf', ''],
  ['a server that lies about ranges', '/liar.gguf', 'bytes'],
])('%s fails at once, says why, and leaves nothing that looks like a model', async (_name, path, reason) => {
  const modelsDirectory = await emptyFolder();
  const error = await errorOf(async () => load(`${base}${path}`, { modelsDirectory }));
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', field: 'model', message: expect.stringContaining(reason) });
  expect(error.message).not.toMatch(/: *$/);
  expect((await readdir(modelsDirectory)).filter((name) => name.endsWith('.gguf'))).toEqual([]);
});

test.each([
  ['a server that is not there', 'http://127.0.0.1:9/none.gguf'],
  ['no such quantisation', 'hf:someone/model-GGUF:Q2_K'],
  ['no URL', 'http://'],
])('%s fails at once', async (_name, model) => {
  expect(await errorOf(async () => load(model))).toMatchObject({ code: 'DOWNLOAD_FAILED', field: 'model' });
});

test('without a network a name on Hugging Face fails at once', async () => {
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  onTestFinished(() => {
    process.env.HF_ENDPOINT = hub;
  });
  // A file by its name: the downloader would try again for minutes.
  const error = await errorOf(async () => load('hf:someone/model-GGUF/model.gguf'));
  expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED' });
});

test('a login page is no model', async () => {
  expect(await errorOf(async () => load(`${base}/page.gguf`))).toMatchObject({ code: 'MODEL_INVALID', field: 'model' });
});

test('an abort is heard while the server says nothing', async () => {
  const stop = new AbortController();
  const loading = errorOf(async () => load(`${base}/silent.gguf`, { signal: stop.signal }));
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  expect(await loading).toMatchObject({ code: 'ABORTED' });
});

test('and while another load downloads the same model', async () => {
  const modelsDirectory = await emptyFolder();
  const [first, second] = [new AbortController(), new AbortController()];
  const loads = [first, second].map(({ signal }) =>
    errorOf(async () => load(`${base}/silent.gguf`, { signal, modelsDirectory })),
  );
  while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
  second.abort();
  expect(await loads[1]).toMatchObject({ code: 'ABORTED' });
  first.abort();
  expect(await loads[0]).toMatchObject({ code: 'ABORTED' });
  expect(asked).toHaveLength(1);
});

test('what the progress callback throws ends the download', async () => {
  const modelsDirectory = await emptyFolder();
  const onProgress = () => {
    throw new RangeError('mine');
  };
  await expect(load(`${base}/plain.gguf`, { modelsDirectory, onProgress })).rejects.toThrow('mine');
  expect(await readdir(modelsDirectory)).toEqual([]);
});
