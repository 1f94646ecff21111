import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ToolSpec } from '../../src/chat/tool-spec.js';
import type { GenerationResult } from '../../src/engine/generation.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { foreignSocket, listenAt } from '../../src/kit/files/socket-place.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { type OneWorker, oneWorker } from '../../testing/remote/one-worker.js';

// What an engine does through the socket of a worker is what it does in this process.

const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: city === 'Oslo' ? 7 : 11, sky: 'light rain' }),
});
const ASKED = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

let it: OneWorker;
beforeAll(async () => {
  it = await oneWorker();
});
afterAll(() => it[Symbol.asyncDispose]());

/** All of a result but what it cost. */
const said = ({ usage: _, ...rest }: GenerationResult<unknown>) => rest;

describe('an answer is the same, in all that it says', () => {
  test.each<[string, GenerateOptions]>([
    ['the likeliest tokens', {}],
    ['a seed', { temperature: 1.2, seed: 7 }],
    ['a schema', { schema: z.object({ city: z.string().max(8), n: z.number().max(5) }) }],
    ['a grammar', { grammar: 'root ::= "a日🌳€b" [0-9]+', maxTokens: 30 }],
    ['a schema and a limit that closes it', { schema: z.object({ city: z.string() }), maxTokens: 14 }],
    ['tools', { tools: [weather] }],
    ['a required call', { tools: [weather], toolChoice: 'required' }],
    ['a stop text', { stop: 'e' }],
    ['a limit', { maxTokens: 5 }],
    ['no token', { maxTokens: 0 }],
    ['a bias', { logitBias: { 120: 100 }, maxTokens: 6 }],
    ['penalties', { repeatPenalty: 1.4, frequencyPenalty: 0.5, presencePenalty: 0.5, penaltyLastN: -1 }],
    ['logprobs', { logprobs: 3 }],
    ['logprobs under a grammar', { logprobs: 3, grammar: 'root ::= "ab" "c"' }],
    ['logprobs of the prompt', { promptLogprobs: 2, maxTokens: 3 }],
    ['end tokens that are left out', { ignoreEos: true, maxTokens: 12 }],
    ['no cache', { cache: false }],
    ['a deadline and a class', { deadlineMs: 60_000, class: 'background', durable: true }],
  ])('%s', async (_name, options) => {
    const [here, there] = await Promise.all(
      [it.local, it.remote].map((engine) => engine.generate(ASKED, { temperature: 0, ...options })),
    );
    expect(there && said(there)).toEqual(here && said(here));
  });

  test('an answer that was begun', async () => {
    const begun = [...ASKED, { role: 'assistant' as const, content: 'The weather in Oslo' }];
    const options = { temperature: 0, continueAnswer: true, maxTokens: 12 };
    const [here, there] = await Promise.all([it.local, it.remote].map((engine) => engine.generate(begun, options)));
    expect(there && said(there)).toEqual(here && said(here));
  });

  test('an agent says and calls the same, and finds the same cached', async () => {
    const run = async (engine: OneWorker['local'], tenant: string) => {
      const tools = [weather];
      const agent = new Agent({ engine, system: 'Answer in one sentence.', tools, temperature: 0, tenant });
      const { text, steps, usage } = await agent.run('What is the weather in Oslo? And in Bergen?');
      const { promptTokens, cachedTokens, outputTokens } = usage;
      return {
        text,
        calls: steps.map(({ tools }) => tools.map(({ call }) => call)),
        promptTokens,
        cachedTokens,
        outputTokens,
      };
    };
    const here = await run(it.local, 'one');
    expect(await run(it.remote, 'other')).toEqual(here);
    expect(here.text).toContain('7 degrees in Oslo');
  });
});

const parameters = {
  type: 'object',
  properties: { kind: { enum: ['file', 'folder'] }, deep: { type: 'boolean' } },
  required: ['kind', 'deep'],
};
const FIND: ToolSpec[] = [{ name: 'find', description: 'Finds files', parameters }];

/** Templates that open the answer with a thought, or a call, or neither, and have formats of calls of their own. */
const TEMPLATES = ['Qwen-Qwen2.5-7B-Instruct', 'Qwen-QwQ-32B', 'gpt-oss', 'GLM-4.6', 'gemma-4-31B-it.jinja'];

test.each(TEMPLATES)('%s: formats of calls and bounds of reasoning hold there, too', async (name) => {
  const chatTemplate = llamaTemplates().find(([file]) => file.includes(name))?.[1] ?? '';
  await using one = await oneWorker({ chatTemplate, kvTokens: 8_192, threads: 1 });
  const ask = [{ role: 'user' as const, content: 'Why?' }];
  const options: GenerateOptions[] = [
    { tools: FIND, toolChoice: 'required', maxTokens: 300 },
    { tools: FIND, maxTokens: 40 },
    { grammar: 'root ::= "yes" | "no"', ...(one.local.info.supportsTools && { thinkingTokens: 12 }), maxTokens: 80 },
    { maxTokens: 40 },
  ];
  for (const [seed, option] of options.entries()) {
    const own = { temperature: 1, seed, ...option };
    const [here, there] = await Promise.allSettled([one.local, one.remote].map((engine) => engine.generate(ask, own)));
    const shown = (ended: typeof here) => (ended?.status === 'fulfilled' ? said(ended.value) : ended?.reason.code);
    expect(shown(there)).toEqual(shown(here));
  }
});

test('tenants share no pages there, and their names stay here', async () => {
  const text = 'What two tenants say in the same words, and neither may know of. '.repeat(6);
  const ask = async (tenant: string) => (await it.remote.generate(text, { tenant, maxTokens: 1 })).usage.cachedTokens;
  const [first, again, other] = [await ask('acme'), await ask('acme'), await ask('zeta')];
  expect([first, other]).toEqual([0, 0]);
  expect(again).toBeGreaterThan(50);
});

test("a program's advice reaches its engine", async () => {
  const heard: string[] = [];
  const watching = (async () => {
    for await (const { kind, text } of it.local.decisions()) {
      heard.push(`${kind} ${text}`);
      if (/search/.test(text)) return;
    }
  })();
  const program = it.remote.program();
  await it.remote.generate(ASKED, { program, maxTokens: 2 });
  program.toolStarted('search', { expectedMs: 900 });
  await watching;
  expect(heard.some((text) => text.includes('search'))).toBe(true);
});

describe('hostile peers', () => {
  const raw = async (text: string): Promise<string> => {
    const socket = createConnection(it.path);
    socket.on('error', () => {});
    socket.write(text);
    let heard = '';
    socket.setEncoding('utf8').on('data', (piece) => {
      heard += piece;
      if (/\r\n\r\n/.test(heard)) socket.end();
    });
    await once(socket, 'close');
    return heard;
  };
  const post = (body: string, path = '/v1/tokens') =>
    raw(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  const valid = { prompt: [97], options: { maxTokens: 2 }, sampling: {} };

  test.each<[string, unknown, RegExp]>([
    ['no ids', { ...valid, prompt: [] }, /prompt/],
    ['ids that are none', { ...valid, prompt: ['a'] }, /prompt/],
    ['an id that the model does not have', { ...valid, prompt: [2 ** 30] }, /prompt/],
    ['an option that is none', { ...valid, options: { maxTokens: -5 } }, /maxTokens/],
    ['an option that is not known', { ...valid, options: { nonsense: 1 } }, /nonsense/],
    ['a field that is not known', { ...valid, nonsense: 1 }, /nonsense/],
    ['sampling out of range', { ...valid, sampling: { temperature: -1 } }, /temperature/],
    ['a bias of a token that is none', { ...valid, logitBias: [[2 ** 30, 1]] }, /logitBias/],
    ['a grammar that is none', { ...valid, grammar: 'root ::= (' }, /grammar/],
    ['a schema that is none', { ...valid, jsonSchema: '{"type": 7}' }, /./],
    ['a format that is none', { ...valid, format: { tools: 7 } }, /format/],
    ['no object', 7, /body/],
  ])('%s is refused with 400, and the next request is answered', async (_name, body, field) => {
    const heard = await post(JSON.stringify(body));
    expect(heard).toMatch(/^HTTP\/1\.1 400/);
    expect(heard).toMatch(field);
    expect((await it.remote.generate('a', { maxTokens: 2, ignoreEos: true })).tokens).toHaveLength(2);
  });

  test('noise, half a request, headers without end', async () => {
    expect(await raw('\x00\xff\x01nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw(`GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
    const half = createConnection(it.path);
    half.write('POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"prompt"');
    await once(half, 'connect');
    half.destroy();
    expect(await post('{"client":"x","hints":[{"program":0,"kind":"finished"}]}', '/v1/hints')).toMatch(
      /^HTTP\/1\.1 400/,
    );
    expect((await it.remote.generate('a', { maxTokens: 2, ignoreEos: true })).tokens).toHaveLength(2);
  });

  test('one who goes ends its request there', async () => {
    const socket = createConnection(it.path);
    const body = JSON.stringify({ ...valid, options: { maxTokens: 5_000, ignoreEos: true } });
    socket.write(`POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await once(socket, 'data');
    socket.destroy();
    while ((await it.local.stats()).running > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('the place of a socket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-socket-'));
  const path = join(folder, 'socket');
  afterEach(() => rmSync(path, { force: true, recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true }));
  const refused = { code: 'INVALID_OPTION', field: 'socket' };

  test('its owner alone may connect; it is gone after the close', async () => {
    const server = createServer();
    const leave = await listenAt(server, path);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(await foreignSocket(path)).toBe('');
    await expect(listenAt(createServer(), path)).rejects.toMatchObject(refused); // it is listened on
    server.close();
    await leave();
    expect(() => lstatSync(path)).toThrow();
    expect(await foreignSocket(path)).toBe('');
  });

  test('what was left behind is replaced, what is no socket stays', async () => {
    const left = createHttpServer().listen(join(folder, 'other'));
    await once(left, 'listening');
    renameSync(join(folder, 'other'), path); // the server takes away its own name only
    left.close();
    await once(left, 'close');
    expect(lstatSync(path).isSocket()).toBe(true);
    const server = createServer();
    const leave = await listenAt(server, path);
    server.close();
    await leave();
    for (const make of [() => writeFileSync(path, 'words'), () => mkdirSync(path), () => symlinkSync(folder, path)]) {
      make();
      await expect(listenAt(createServer(), path)).rejects.toMatchObject(refused);
      expect(lstatSync(path).isSocket()).toBe(false);
      expect(await foreignSocket(path)).toBe('it is no socket');
      await expect(RemoteEngine.connect({ url: `unix:${path}` })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        field: 'url',
      });
      rmSync(path, { recursive: true });
    }
  });

  test('a folder that others may write to, one that is not there, a path that is too long', async () => {
    const open = join(folder, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    for (const wrong of [join(open, 's'), join(folder, 'none', 's'), join(folder, 'x'.repeat(120))]) {
      await expect(listenAt(createServer(), wrong)).rejects.toMatchObject(refused);
    }
  });

  test('one that is not there is a server that cannot be reached', async () => {
    const url = `unix:${join(folder, 'none')}`;
    await expect(RemoteEngine.connect({ url })).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  });

  const isRoot = process.getuid?.() === 0;
  test.skipIf(!isRoot)(
    `a socket of another user is neither replaced nor told anything${isRoot ? '' : ' (skipped: only root can make one)'}`,
    async () => {
      const server = createServer();
      const leave = await listenAt(server, path);
      chownSync(path, 65_534, 65_534);
      await expect(RemoteEngine.connect({ url: `unix:${path}` })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        field: 'url',
      });
      server.close();
      await once(server, 'close');
      await expect(listenAt(createServer(), path)).rejects.toMatchObject(refused);
      expect(lstatSync(path).uid).toBe(65_534);
      await leave();
    },
  );
});
