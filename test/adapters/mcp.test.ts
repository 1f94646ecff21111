import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type McpOptions, mcpTools } from '../../src/adapters/mcp/mcp-tools.js';
import { Agent } from '../../src/agent/agent.js';
import { Engine } from '../../src/engine/engine.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { ScriptedEngine } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

// Real servers in processes of their own, spoken to by the official client: ours, with odd tools, and the reference server.

const ODD = ['--import', 'tsx', fileURLToPath(new URL('children/odd-mcp-server.ts', import.meta.url))];
const EVERYTHING = fileURLToPath(
  new URL('../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

async function connected(transport: Parameters<Client['connect']>[0]): Promise<Client> {
  const client = new Client({ name: 'banyan-test', version: '1' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

const stdio = (args: string[]) =>
  connected(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }));

/** The reference server over streamable HTTP, on a free port. */
async function overHttp(): Promise<Client> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  probe.close();
  await once(probe, 'close');
  const env = { ...process.env, PORT: String(port) };
  const server = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void server.kill());
  for await (const line of server.stderr) if (String(line).includes('listening')) break;
  server.stderr.resume();
  return connected(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`)));
}

/** An agent whose model makes these calls in its first turn, and then says what it has read. */
async function calling(
  client: Client,
  calls: [name: string, input: object][],
  options: McpOptions = {},
  signal?: AbortSignal,
) {
  const backend = new ScriptedEngine((prompt) =>
    prompt.includes('<|tool|>')
      ? 'done'
      : calls.map(([name, input], i) => callText(`c${i}`, name, JSON.stringify(input))).join(''),
  );
  const agent = new Agent({ engine: new Engine(backend), tools: await mcpTools(client, options) });
  const run = await agent.run('x', { signal });
  expect(run.text).toBe('done');
  return run.steps.flatMap(({ tools }) => tools.map(({ ok, content }) => ({ ok, content })));
}

describe('a server with odd tools', () => {
  test('the embedded model calls its tool and answers with what it said', async () => {
    const client = await stdio(ODD);
    const engine = await Engine.load();
    onTestFinished(() => engine.close());
    const tools = await mcpTools(client, { only: ['get_weather'] });
    const run = await new Agent({ engine, tools, temperature: 0 }).run('What is the weather in Oslo?');
    expect(run.text).toBe('It is 7 degrees in Oslo, light rain.');
    const [outcome] = run.steps.flatMap(({ tools: outcomes }) => outcomes);
    expect(outcome?.content).toBe('{"celsius":7,"city":"Oslo","sky":"light rain"}');
  });

  test('names become such as templates take, each its own, and calls reach the server under its own', async () => {
    const client = await stdio(ODD);
    const tools = await mcpTools(client, { prefix: 'fs.' });
    const names = tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(11);
    expect(names.every((name) => /^[A-Za-z0-9_-]{1,64}$/.test(name))).toBe(true);
    expect(names).toEqual((await mcpTools(client, { prefix: 'fs.' })).map(({ name }) => name));
    expect(tools.map(({ idempotent }) => idempotent).slice(0, 4)).toEqual([false, true, true, false]);
    const calls = [1, 2, 3].map((at): [string, object] => [names[at] as string, { at }]);
    expect(await calling(client, calls, { prefix: 'fs.' })).toEqual([
      { ok: true, content: 'files.read {"at":1}' },
      { ok: true, content: `very.long.${'x'.repeat(100)} {"at":2}` },
      { ok: true, content: 'files_read {"at":3}' },
    ]);
  });

  test('odd schemas stop no agent: a model is made to call among all of them', async () => {
    const client = await stdio(ODD);
    const engine = await openEngine(ENDING_MODEL, { kvTokens: 32_768 });
    onTestFinished(() => engine.close());
    const tools = (await mcpTools(client)).filter(({ name }) => !['die', 'slow'].includes(name));
    expect(tools.find(({ name }) => name === 'odd')?.description).toContain('Nope');
    const agent = new Agent({ engine, tools, forceTools: 1, maxTokens: 200, seed: 1, limits: { maxSteps: 2 } });
    const { steps } = await agent.run('go');
    expect(steps[0]?.tools.length).toBeGreaterThan(0);
  });

  test('a server that fails, is slow or ends in the midst of a call is a failed outcome; the run goes on', async () => {
    const client = await stdio(ODD);
    expect(await calling(client, [['fails', {}]])).toEqual([{ ok: false, content: '{"error":"disk full"}' }]);
    expect(await calling(client, [['slow', {}]], { timeoutMs: 50 })).toEqual([
      { ok: false, content: '{"error":"no result within 50 ms"}' },
    ]);
    expect(await calling(client, [['how_many_cancelled', {}]])).toEqual([{ ok: true, content: '1' }]);
    const results = await calling(client, [
      ['die', {}],
      ['slow', {}],
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([false, false]);
    expect(results[0]?.content).toContain('onnection closed');
    const tools = await mcpTools(client).catch((reason: Error) => reason.message);
    expect(tools).toContain('onnect');
  });

  test('an abort of the run cancels its call at the server', async () => {
    const client = await stdio(ODD);
    const gone = new AbortController();
    const [slow] = await mcpTools(client, { only: ['slow'] });
    const backend = new ScriptedEngine(() => callText('', 'slow', '{}'));
    const run = new Agent({ engine: new Engine(backend), tools: slow ? [slow] : [] }).run('x', { signal: gone.signal });
    const failure = run.catch((reason: unknown) => Object(reason).code);
    await expect.poll(() => backend.hints.map(({ kind }) => kind)).toContain('tool-started');
    gone.abort();
    expect(await failure).toBe('ABORTED');
    await expect.poll(() => calling(client, [['how_many_cancelled', {}]])).toEqual([{ ok: true, content: '1' }]);
  });

  test('a list stays as it was; asked again it is the new one', async () => {
    const client = await stdio(ODD);
    const before = await mcpTools(client);
    await calling(client, [['grow', {}]]);
    expect(before).toHaveLength(11);
    expect((await mcpTools(client)).map(({ name }) => name)).toContain('grown');
  });

  test('options that cannot be meant are refused', async () => {
    const client = await stdio(ODD);
    await expect(mcpTools(client, { only: ['get_wether'] })).rejects.toMatchObject({
      ...{
        code: 'INVALID_OPTION',
        field: 'only',
        message: 'The server has no tool "get_wether", is "get_weather" meant?',
      },
    });
  });
});

describe.each([
  ['stdio', () => stdio([EVERYTHING, 'stdio'])],
  ['streamable HTTP', overHttp],
])('the reference server over %s', (_, connect) => {
  test('texts, structured content, images, resources, errors', async () => {
    const client = await connect();
    const results = await calling(client, [
      ['echo', { message: 'hello' }],
      ['get-sum', { a: 2, b: 3 }],
      ['get-structured-content', { location: 'Chicago' }],
      ['get-tiny-image', {}],
      ['get-resource-links', { count: 1 }],
      ['echo', { wrong: 1 }],
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true, true, false]);
    const [echo, sum, weather, image, links, wrong] = results.map(({ content }) => content);
    expect(echo).toBe('Echo: hello');
    expect(sum).toContain('5');
    expect(weather).toMatch(/^\{"conditions":.*"humidity":\d+,"temperature":\d+\}$/);
    expect(image).toMatch(/\[image, image\/png, \d+ bytes\]/);
    expect(links).toContain('[');
    expect(wrong).toContain('invalid arguments');
  });
});
