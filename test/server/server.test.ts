import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { type Server, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { servingScript } from '../../testing/engine/serving.js';

const ask = (server: Server, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
const hello = { messages: [{ role: 'user', content: 'Hello' }] };

test('keys: the right one in either header, else 401; health needs none', async () => {
  await using it = await servingScript(undefined, { apiKeys: ['sesame', 'other'] });
  expect((await ask(it.server, hello)).status).toBe(401);
  expect((await ask(it.server, hello, { authorization: 'Bearer sesam' })).status).toBe(401);
  expect((await ask(it.server, hello, { authorization: 'Bearer sesame' })).status).toBe(200);
  expect((await ask(it.server, hello, { 'x-api-key': 'other' })).status).toBe(200);
  expect((await fetch(`${it.server.url}/health`)).status).toBe(200);
});

test('an address of the network needs keys', async () => {
  const { engine } = scripted(() => 'Hi');
  await expect(serve(engine, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    field: 'host',
  });
});

test('a port in use is named', async () => {
  await using it = await servingScript();
  const { engine } = scripted(() => 'Hi');
  const port = Number(new URL(it.server.url).port);
  await expect(serve(engine, { port })).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'port' });
});

test("a web page with another name for this machine is refused, and other pages' origins are not named", async () => {
  await using it = await servingScript();
  const status = await new Promise((resolve) => {
    request(`${it.server.url}/v1/models`, { headers: { host: 'evil.example' } }, ({ statusCode }) =>
      resolve(statusCode),
    ).end();
  });
  expect(status).toBe(403);
  const { headers } = await ask(it.server, hello, { origin: 'https://evil.example' });
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('a named origin may call', async () => {
  await using it = await servingScript(undefined, { corsOrigins: ['https://chat.example'] });
  const preflight = await fetch(`${it.server.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: { origin: 'https://chat.example', 'access-control-request-method': 'POST' },
  });
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://chat.example');
  expect(
    (await ask(it.server, hello, { origin: 'https://chat.example' })).headers.get('access-control-allow-origin'),
  ).toBe('https://chat.example');
});

test.each([
  ['no JSON', '{"messages":', 400, 'invalid_json'],
  ['no object', '[1]', 400, 'invalid_request'],
  ['nothing', '', 400, 'invalid_json'],
  ['too deep', `{"messages":${'['.repeat(300)}${']'.repeat(300)}}`, 400, 'invalid_json'],
  ['too large', `{"messages":"${'x'.repeat(5_000)}"}`, 413, 'request_too_large'],
])('a body that is %s', async (_, body, status, code) => {
  await using it = await servingScript(undefined, { maxBodyBytes: 4_096 });
  const response = await ask(it.server, body);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ error: { code, type: 'invalid_request_error' } });
  expect((await ask(it.server, hello)).status).toBe(200);
});

test('too much load: 429, and when to come back', async () => {
  const error = { code: 'BACKPRESSURE', message: 'too much is waiting', retryAfterMs: 2_300 };
  await using it = await servingScript(() => ({ steps: [], error }));
  for (const stream of [false, true]) {
    const { status, headers } = await ask(it.server, { ...hello, stream });
    expect(status).toBe(429);
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual(['3', '2300']);
    expect(headers.get('x-should-retry')).toBe('true');
  }
});

test('who is sent away after others is told to come later than they', async () => {
  const error = { code: 'BACKPRESSURE', message: 'too much is waiting', retryAfterMs: 10 };
  await using it = await servingScript((prompt) => (prompt.includes('Hello') ? { steps: [], error } : 'Hi'));
  const told = async () => Number((await ask(it.server, hello)).headers.get('retry-after-ms'));
  expect([await told(), await told(), await told()]).toEqual([1_000, 2_000, 3_000]); // nothing is known of answers yet
  const other = { messages: [{ role: 'user', content: 'Good day' }] };
  for (let answers = 0; answers < 3; answers++) expect((await ask(it.server, other)).status).toBe(200);
  expect(await told()).toBeLessThanOrEqual(1_000); // three came to their end, and as many promises are kept
});

test('how long a client waits for its first token: the limit of the server, or its own', async () => {
  await using it = await servingScript(undefined, { ttftLimitMs: 900 });
  await ask(it.server, hello);
  await ask(it.server, hello, { 'x-banyan-ttft-limit-ms': '50' });
  expect(it.native.requests.map(({ ttftLimitMs }) => ttftLimitMs)).toEqual([900, 50]);
  expect((await ask(it.server, hello, { 'x-banyan-ttft-limit-ms': 'soon' })).status).toBe(400);
});

test('a failure in the middle of a stream is an event, and the end', async () => {
  const error = { code: 'STEP_FAILED', message: 'out of device memory' };
  await using it = await servingScript(() => ({ steps: ['Hel'], error }));
  const text = await (await ask(it.server, { ...hello, stream: true })).text();
  expect(text).toContain('"content":"Hel"');
  expect(text).toMatch(/data: \{"error":\{"message":"out of device memory","type":"server_error".*\}\}\n\n$/);
});

test('a long wait for the first token: the stream opens and gives signs of life', async () => {
  await using it = await servingScript(undefined, { keepAliveMs: 20 });
  it.native.paused = true;
  const response = await ask(it.server, { ...hello, stream: true });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (!text.includes(': ping\n\n: ping\n\n')) text += Buffer.from((await reader.read()).value ?? []).toString();
  it.native.resume();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read())
    text += Buffer.from(piece.value).toString();
  expect(text).toMatch(/"content":"Hi".*\[DONE\]\n\n$/s);
});

test.each([false, true])('a client that hangs up while it waits (streamed: %s) cancels its request', async (stream) => {
  await using it = await servingScript(undefined, { keepAliveMs: 20 });
  it.native.paused = true;
  const gone = new AbortController();
  const asked = ask(it.server, { ...hello, stream }, {}, gone.signal).catch(() => undefined);
  await expect.poll(() => it.native.requests.length).toBe(1);
  gone.abort();
  await asked;
  await expect.poll(() => it.native.cancelled).toEqual([1]);
});

test('closing lets an answer end', async () => {
  await using it = await servingScript();
  it.native.paused = true;
  const answer = ask(it.server, hello);
  await expect.poll(() => it.native.requests.length).toBe(1);
  const closed = it.server.close();
  it.native.resume();
  expect((await answer).status).toBe(200);
  await closed;
  await expect(ask(it.server, hello)).rejects.toThrow();
});

test('not ready from the moment on that closing begins, while an answer goes on', async () => {
  await using it = await servingScript();
  it.native.paused = true;
  const answer = ask(it.server, hello);
  await expect.poll(() => it.native.requests.length).toBe(1);
  const probe = connect(Number(new URL(it.server.url).port), '127.0.0.1');
  const asks = 'GET /ready HTTP/1.1\r\nhost: localhost\r\n';
  probe.write(`${asks}\r\n${asks}`); // the second one has begun: closing leaves its connection open
  expect(`${(await once(probe, 'data'))[0]}`).toMatch(/^HTTP\/1.1 200 /);
  const closed = it.server.close();
  probe.write('\r\n');
  expect(`${(await once(probe, 'data'))[0]}`).toMatch(/^HTTP\/1.1 503 .*stopping/s);
  probe.destroy();
  it.native.resume();
  expect((await answer).status).toBe(200);
  await closed;
});

test('closing ends what takes too long, and says so', async () => {
  await using it = await servingScript(undefined, { drainMs: 20, keepAliveMs: 10 });
  it.native.paused = true;
  const [whole, streamed] = [ask(it.server, hello), ask(it.server, { ...hello, stream: true })];
  await expect.poll(() => it.native.requests.length).toBe(2);
  const closed = it.server.close();
  await expect.poll(() => it.native.cancelled.length).toBe(2);
  it.native.resume();
  await closed;
  const response = await whole;
  expect([response.status, response.headers.get('x-should-retry')]).toEqual([503, 'true']);
  expect(await (await streamed).text()).toMatch(/data: \{"error":\{.*"code":"aborted"\}\}\n\n$/);
});

test('requests that name their run are one program, and wait for the tools that they call', async () => {
  await using it = await servingScript((prompt) =>
    prompt.includes('<|tool|>') ? 'Done.' : callText('c1', 'search', '{}'),
  );
  const tools = [{ type: 'function', function: { name: 'search', parameters: { type: 'object' } } }];
  const headers = { 'x-claude-code-session-id': 's1' };
  const first = (await (await ask(it.server, { ...hello, tools }, headers)).json()) as OpenAI.ChatCompletion;
  const messages = [
    ...hello.messages,
    first.choices[0]?.message,
    { role: 'tool', tool_call_id: first.choices[0]?.message.tool_calls?.[0]?.id, content: 'found' },
  ];
  await ask(it.server, { messages, tools }, headers);
  await ask(it.server, { messages, tools }, { ...headers, 'x-claude-code-agent-id': 'a1' });
  await ask(it.server, { messages, tools, prompt_cache_key: 's1' });
  const programs = it.native.requests.map(({ program }) => program);
  expect(programs[0]).toBe(programs[1]);
  expect(new Set(programs).size).toBe(3);
  expect(it.native.hints.map(({ kind, tool, program }) => [kind, tool, program])).toEqual([
    ['tool-started', 'search', programs[0]],
    ['tool-ended', 'search', programs[0]],
  ]);
});
