import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import { randomBert } from '../../testing/models/bert-model.js';

// OpenAI's SDK against /v1/embeddings of an embedding model, and against that of a chat model.

let engine: Engine;
let server: Server;
let client: OpenAI;

beforeAll(async () => {
  engine = await Engine.load({ model: randomBert({ pooling: 'mean' }), threads: 1 });
  server = await serve(engine, { port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});

afterAll(async () => {
  await server.close();
  await engine.close();
});

const texts = ['the banyan tree', 'roots grow', 'why?'];
const directly = async (input: string[], options = {}) =>
  (await engine.embed(input, options)).vectors.map((vector) => [...vector]);

test.each([undefined, 'float', 'base64'] as const)(
  'vectors as the SDK reads them: encoding_format %s',
  async (format) => {
    const { data, usage, model, object } = await client.embeddings.create({
      model: 'any',
      input: texts,
      ...(format && { encoding_format: format }),
    });
    const expected = await directly(texts);
    expect(data.map(({ index, object }) => [index, object])).toEqual(texts.map((_, index) => [index, 'embedding']));
    for (const [at, { embedding }] of data.entries()) {
      const numbers = typeof embedding === 'string' ? floats(embedding) : embedding;
      expect(numbers).toEqual(expected[at]);
    }
    const tokens = texts.reduce((sum, text) => sum + engine.tokenize(text, { addSpecial: true }).length, 0);
    expect(usage).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
    expect([model, object]).toEqual([engine.info.name, 'list']);
  },
);

/** Little-endian f32. */
const floats = (base64: string) => [...new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)];

test('one text, token ids, lists of both; dimensions', async () => {
  const ids = texts.map((text) => [...engine.tokenize(text, { addSpecial: true })]);
  const vectors = async (input: OpenAI.EmbeddingCreateParams['input'], dimensions?: number) => {
    const { data } = await client.embeddings.create({ model: 'any', input, ...(dimensions && { dimensions }) });
    return data.map(({ embedding }) => embedding);
  };
  expect(await vectors(texts[0] as string)).toEqual(await directly([texts[0] as string]));
  expect(await vectors(ids[1] as number[])).toEqual(await directly([texts[1] as string]));
  expect(await vectors(ids)).toEqual(await directly(texts));
  expect(await vectors(texts, 8)).toEqual(await directly(texts, { dimensions: 8 }));
});

test('two thousand texts at once', async () => {
  const input = Array.from({ length: 2_048 }, (_, at) => texts[at % texts.length] as string);
  const { data } = await client.embeddings.create({ model: 'any', input });
  expect(data.map(({ index }) => index)).toEqual(input.map((_, index) => index));
});

const failure = (body: object) =>
  client.embeddings.create({ model: 'any', ...body } as never).catch((reason) => reason);

test.each([
  ['no input', {}, 'input'],
  ['an empty list', { input: [] }, 'input'],
  ['too many texts', { input: Array(2_049).fill('a') }, 'input'],
  ['a token that there is none of', { input: [['a'], [10 ** 6]] }, 'input'],
  ['an id that there is none of', { input: [[3], [10 ** 6]] }, 'input[1]'],
  ['a long text', { input: ['a', 'a '.repeat(200)] }, 'input[1]'],
  ['too many dimensions', { input: 'a', dimensions: 65 }, 'dimensions'],
  ['another format', { input: 'a', encoding_format: 'int8' }, 'encoding_format'],
])('refused with the field: %s', async (_name, body, param) => {
  expect(await failure(body)).toMatchObject({
    status: 400,
    param: expect.stringMatching(`^${param.replace(/[[\]]/g, '\\$&')}`),
  });
});

test('a long text is one that clients know as such', async () => {
  expect(await failure({ input: 'a '.repeat(200) })).toMatchObject({ code: 'context_length_exceeded' });
});

test('a field without effect is named', async () => {
  const { response } = await client.embeddings.create({ model: 'any', input: 'a', user: 'me' }).withResponse();
  expect(response.headers.get('x-banyan-ignored')).toBe('user');
});

test('a client that goes ends its work', async () => {
  const input = Array<string>(2_048).fill('the roots of a tree grow, and grow, and grow');
  const controller = new AbortController();
  const call = client.embeddings.create({ model: 'any', input }, { signal: controller.signal });
  call.catch(() => {});
  while ((await engine.stats()).running === 0) await new Promise((resolve) => setImmediate(resolve));
  controller.abort();
  await expect(call).rejects.toThrow();
  while ((await engine.stats()).running > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await engine.stats()).toMatchObject({ cancelled: 1 });
});

test('asked for a chat, it says what it is; a chat model asked for vectors says what to load', async () => {
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const refused = { status: 400, code: 'model_unsupported', message: expect.stringContaining('embedding model') };
  for (const call of [
    client.chat.completions.create({ model: 'any', messages }),
    client.chat.completions.create({ model: 'any', messages, stream: true }),
    client.completions.create({ model: 'any', prompt: 'Hello' }),
    client.responses.create({ model: 'any', input: 'Hello' }),
  ])
    expect(await Promise.resolve(call).catch((reason) => reason)).toMatchObject(refused);
  await using chat = await Engine.load();
  await using other = await serve(chat, { port: 0 });
  const asked = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: 'none', maxRetries: 0 }).embeddings.create({
    model: 'any',
    input: 'Hello',
  });
  expect(await asked.catch((reason) => reason)).toMatchObject({
    status: 400,
    message: expect.stringContaining('load an embedding model'),
  });
});

test('the engine hears who asks: the tenant, its weight, the class that it may ask for', async () => {
  const keysFile = join(mkdtempSync(join(tmpdir(), 'banyan-embeddings-')), 'keys.json');
  const keys = (name: string) => [createHash('sha256').update(name).digest('hex')];
  const tenants = [
    { name: 'heavy', keys: keys('heavy'), weight: 3, classes: ['background'] },
    { name: 'plain', keys: keys('plain') },
  ];
  writeFileSync(keysFile, JSON.stringify({ tenants }));
  await using shared = await serve(engine, { port: 0, keysFile });
  const embed = vi.spyOn(engine, 'embed');
  for (const apiKey of ['heavy', 'plain']) {
    const own = new OpenAI({ baseURL: `${shared.url}/v1`, apiKey, maxRetries: 0 });
    await own.embeddings.create({ model: 'any', input: texts });
  }
  expect(embed.mock.calls.map(([, options]) => options)).toMatchObject([
    { tenant: 'heavy', tenantWeight: 3, class: 'background' },
    { tenant: 'plain', tenantWeight: 1, class: 'interactive' },
  ]);
  embed.mockRestore();
});
