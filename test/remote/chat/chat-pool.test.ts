import type { ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Agent } from '../../../src/agent/agent.js';
import type { BanyanError } from '../../../src/kit/errors.js';
import type { ChatModel } from '../../../src/remote/chat/chat-model.js';
import { RemoteEngine } from '../../../src/remote/remote-engine.js';
import type { ChatServer, RemoteOptions } from '../../../src/remote/remote-options.js';
import {
  begun,
  type ChatPoolSetting,
  chatPool,
  inTurn,
  stream,
  weatherTool,
} from '../../../testing/remote/chat-engine.js';
import { type Provider, TRANSCRIPTS } from '../../../testing/remote/chat-transcripts.js';
import type { Reply } from '../../../testing/remote/fake-server.js';

// Several backends in chat mode behind one engine: where a conversation goes, and what happens when one of them fails.

afterEach(() => {
  vi.restoreAllMocks();
});

const PROVIDERS = Object.keys(TRANSCRIPTS) as Provider[];
const QUESTION = [{ role: 'user' as const, content: 'Well?' }];
const says = (provider: Provider) => stream(TRANSCRIPTS[provider].text);
const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  (_body, response) =>
    response.writeHead(code, headers).end('{"error":{"message":"no"}}');
const closing: Reply = (_body, response) => response.destroy();

/** Begins an answer, and breaks off. */
const breaking = (said: string): Reply => begun(said, (response) => response.destroy());

const asked = ({ servers }: ChatPoolSetting) => servers.map(({ bodies }) => bodies.length);
const stateOf = ({ engine }: ChatPoolSetting, name: string) => engine.servers().find(({ url }) => url === name);

test('a conversation stays where it was begun, and many spread', async () => {
  await using pool = await chatPool('openai', [says('openai'), says('openai')]);
  const sessions = Array.from({ length: 6 }, (_, at) =>
    pool.engine.session({ system: `Session ${at}. ${'Be brief. '.repeat(400)}` }),
  );
  for (let round = 0; round < 3; round++) {
    for (const session of sessions) await session.generate(`Round ${round}?`);
  }
  const homes = pool.servers.map(({ bodies }) => {
    return new Set(bodies.map((body) => /Session \d/.exec(JSON.stringify(body))?.[0]));
  });
  for (const home of homes[0] ?? []) expect(homes[1]?.has(home)).toBe(false);
  expect(homes.map(({ size }) => size).reduce((sum, size) => sum + size)).toBe(6);
  const stats = pool.engine.servers();
  for (const { url, sent, answered, failed, inFlight, promptTokens, cachedTokens, outputTokens } of stats) {
    const asked = pool.servers[url === 'a' ? 0 : 1]?.bodies.length ?? 0;
    expect({ sent, answered, failed, inFlight }).toEqual({ sent: asked, answered: asked, failed: 0, inFlight: 0 });
    expect([promptTokens, cachedTokens, outputTokens]).toEqual([40 * asked, asked > 0 ? 32 * asked : null, 5 * asked]);
  }
});

test('what drains gets nothing new, and is told when it is idle', async () => {
  const held: ServerResponse[] = [];
  await using pool = await chatPool('openai', [(_, response) => held.push(response), says('openai')]);
  await pool.engine.drain('b');
  const first = pool.engine.generate(QUESTION);
  while (held.length === 0) await turn();
  await pool.engine.undrain('b');
  let idle = false;
  const drained = pool.engine.drain('a').then(() => {
    idle = true;
  });
  for (let ask = 0; ask < 4; ask++) await pool.engine.generate(QUESTION);
  expect([asked(pool), idle, stateOf(pool, 'a')?.state]).toEqual([[1, 4], false, 'draining']);
  for (const response of held) says('openai')({}, response, response.req);
  expect(await first).toMatchObject({ text: 'It is mild.' });
  await drained;
  await expect(pool.engine.drain('c')).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
});

describe.each(PROVIDERS)('%s', (provider) => {
  const said = TRANSCRIPTS[provider];

  test.each([
    ['closes', closing],
    ['says 500', status(500)],
    ['breaks off within a call', breaking(said.begunCalls)],
    ['asks to be left alone for long', status(429, { 'retry-after': '600' })],
  ])('one that %s: each request is answered by the other, and no tool runs twice', async (_what, bad) => {
    await using pool = await chatPool(provider, [bad, inTurn(stream(said.calls), says(provider))]);
    await pool.engine.drain('b');
    await pool.engine.undrain('b');
    const { ran, tool } = weatherTool();
    const result = await new Agent({ engine: pool.engine, tools: [tool] }).run('Well?');
    expect([result.text, ran]).toEqual(['It is mild.', [{ city: 'Oslo' }, { city: 'Bergen' }]]);
    for (let ask = 0; ask < 8; ask++) {
      expect(await pool.engine.generate(QUESTION)).toMatchObject({ text: 'It is mild.' });
    }
  });

  test('after a word: STREAM_BROKEN without a second try, as another answer would be another one', async () => {
    const broken = breaking(said.begun);
    await using pool = await chatPool(provider, [broken, broken]);
    await expect(pool.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
    expect(asked(pool).sort()).toEqual([0, 1]);
  });

  test('at temperature 0 the other one begins again, and what was told is not told twice', async () => {
    const replies = inTurn(breaking(said.begun), says(provider));
    await using pool = await chatPool(provider, [replies, replies]);
    let text = '';
    const answer = pool.engine.generate(QUESTION, { temperature: 0 });
    for await (const event of answer) if (event.type === 'text') text += event.text;
    const { usage, text: whole } = await answer;
    expect([text, whole, asked(pool)]).toEqual(['It is mild.', 'It is mild.', [1, 1]]);
    expect(usage.elsewhere).toMatchObject({ retries: 1, migrations: 1 });
  });

  test.each([
    ['another text', stream(said.text.replaceAll('It', 'So'))],
    ['calls in place of words', stream(said.calls)],
  ])('%s the second time is STREAM_BROKEN, and no tool of it runs', async (_what, other) => {
    const replies = inTurn(breaking(said.begun), other);
    await using pool = await chatPool(provider, [replies, replies]);
    const { ran, tool } = weatherTool();
    const run = new Agent({ engine: pool.engine, tools: [tool], temperature: 0 }).run('Well?');
    await expect(run).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
    expect([ran, asked(pool)]).toEqual([[], [1, 1]]);
  });

  test('one that refuses is not asked for by the other: it is the request that is wrong', async () => {
    await using pool = await chatPool(provider, [status(400), status(400)]);
    await expect(pool.engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(asked(pool).sort()).toEqual([0, 1]);
  });
});

test('one that failed three times rests; then it gets one request, and others once that was answered', async () => {
  let later = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
  let down = true;
  const held: ServerResponse[] = [];
  const a: Reply = (_body, response) => (down ? response.destroy() : held.push(response));
  await using pool = await chatPool('openai', [a, says('openai')], { restMs: 60_000 });
  const ask = () => pool.engine.generate(QUESTION, { program: pool.engine.program() });
  while (stateOf(pool, 'a')?.state === 'ready') expect(await ask()).toMatchObject({ text: 'It is mild.' });
  for (let more = 0; more < 6; more++) await ask();
  expect([stateOf(pool, 'a')?.failed, asked(pool)[0]]).toEqual([3, 6]); // a closed connection may be an old one: each was sent once more
  down = false;
  later = 60_000;
  await pool.engine.drain('b');
  const first = ask(); // its turn has come
  while (held.length === 0) await turn();
  await pool.engine.undrain('b');
  for (let more = 0; more < 6; more++) await ask();
  expect([asked(pool)[0], stateOf(pool, 'a')?.state]).toEqual([7, 'resting']);
  for (const response of held) says('openai')({}, response, response.req);
  expect(await first).toMatchObject({ text: 'It is mild.' });
  expect(stateOf(pool, 'a')?.state).toBe('ready');
});

test('when each has failed, the third try goes not to the one that failed last', async () => {
  const failsOnce = inTurn((body, response, request) => {
    void pool.engine.undrain('a').then(() => status(500)(body, response, request));
  }, says('openai'));
  await using pool = await chatPool('openai', [status(500), failsOnce]);
  for (let ask = 0; ask < 3; ask++) {
    await pool.engine.drain('a');
    expect(await pool.engine.generate(QUESTION)).toMatchObject({ text: 'It is mild.' });
  }
  expect(asked(pool)).toEqual([1, 4]);
});

test('all busy is BACKPRESSURE with the shortest time', async () => {
  const busy = (seconds: number) => status(429, { 'retry-after': String(seconds) });
  await using pool = await chatPool('openai', [busy(600), busy(60)]);
  const code = 'BACKPRESSURE';
  await expect(pool.engine.generate(QUESTION)).rejects.toMatchObject({ code });
  const refused = (await pool.engine.generate(QUESTION).catch((reason) => reason)) as BanyanError;
  expect(refused).toMatchObject({ code });
  expect(refused.retryAfter).toBeGreaterThan(50_000);
  expect(refused.retryAfter).toBeLessThanOrEqual(60_000);
  expect(asked(pool)).toEqual([1, 1]);
});

describe('mixtures that cannot work', () => {
  const model = (provider: string, modelId: string): ChatModel => {
    return { specificationVersion: 'v3', provider, modelId, doStream: () => Promise.reject(new Error('asked')) };
  };
  const x: ChatServer = { chat: model('p', 'x') };

  test.each<[string, RemoteOptions['backends'], string]>([
    ['servers and language models', [x, { url: 'http://127.0.0.1:1' }] as never, 'backends[1]'],
    ['an address of a language model', [{ ...x, url: 'http://127.0.0.1:1' }] as never, 'url'],
    ['two models of a provider', [x, { chat: model('p', 'y') }], 'backends[1].chat'],
    ['no model', [x, { chat: {} as never }], 'backends[1].chat'],
    [
      'a name twice',
      [
        { ...x, name: 'a' },
        { ...x, name: 'a' },
      ],
      'backends[1].name',
    ],
    ['too many', Array(17).fill(x), 'backends'],
  ])('%s', async (_what, backends, field) => {
    const failed = await RemoteEngine.connect({ backends }).catch((reason) => reason);
    expect(failed).toMatchObject({ code: 'INVALID_OPTION' });
    expect(failed.field).toBe(field);
  });

  test.each<[string, RemoteOptions]>([
    ['model', { model: 'x.gguf' }],
    ['url', { url: 'http://x' }],
    ['tenantSecret', { tenantSecret: 's' }],
    ['backends', { chat: x.chat }],
  ])('%s means nothing with them', async (field, more) => {
    const failed = RemoteEngine.connect({ backends: [x, x], ...more });
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_OPTION', field });
  });

  test('one model of two providers, and names where none are given', async () => {
    await using engine = await RemoteEngine.connect({ backends: [x, x, { chat: model('q', 'y') }] });
    expect(engine.servers().map(({ url }) => url)).toEqual(['p x', 'p x 2', 'q y']);
    await using turned = await RemoteEngine.connect({ backends: [{ chat: model('q', 'y') }, x] });
    expect(turned.info.digest).toBe(engine.info.digest);
  });
});
