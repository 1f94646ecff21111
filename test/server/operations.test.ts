import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as open } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ServerOptions, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { CERT, KEY } from '../support/certificate.js';
import { RawClient } from '../support/raw-client.js';

// What those need who run a server: TLS, a log of what was asked, headers that proxies go by.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function served(options: ServerOptions = {}) {
  const { engine, native } = scripted(() => 'Hi');
  const server = await serve(engine, { port: 0, ...options });
  return { server, url: server.url, native, [Symbol.asyncDispose]: () => server.close() };
}

const hello = { messages: [{ role: 'user', content: 'Hello, secret' }] };

describe('TLS', () => {
  test('a certificate and its key: streams over https', async () => {
    await using it = await served({ tlsCert: CERT, tlsKey: KEY });
    expect(it.url).toMatch(/^https:/);
    const said = await new Promise<string>((resolve, reject) => {
      const options = { ca: CERT, method: 'POST', servername: 'localhost' };
      const request = open(`${it.url}/v1/chat/completions`, options, async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) text += piece;
        resolve(text);
      });
      request.on('error', reject);
      request.end(JSON.stringify({ ...hello, stream: true }));
    });
    expect(said).toMatch(/"content":"Hi"[\s\S]*data: \[DONE\]\n\n$/);
  });

  test.each([
    ['no key', { tlsCert: CERT }, 'tlsKey'],
    ['no certificate', { tlsKey: KEY }, 'tlsCert'],
    ['what is none', { tlsCert: 'x', tlsKey: KEY }, 'tlsCert'],
    ["another's key", { tlsCert: CERT, tlsKey: 'y' }, 'tlsCert'],
  ])('%s is named', async (_, options, field) => {
    const started = serve(scripted(() => 'Hi').engine, { port: 0, ...options });
    await expect(started).rejects.toMatchObject({ code: 'INVALID_OPTION', field });
    await started.catch(({ message }: Error) => expect(message).not.toContain('PRIVATE'));
  });
});

describe('the access log', () => {
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  test('has a line a request, without texts, keys or queries', async () => {
    const path = join(folder, 'access.log');
    await using it = await served({ accessLog: path, apiKeys: ['sesame'] });
    const headers = { authorization: 'Bearer sesame', 'x-request-id': 'mine-1' };
    const ask = (target: string, given: Record<string, string>, body: object) =>
      fetch(`${it.url}${target}`, { method: 'POST', headers: given, body: JSON.stringify(body) });
    const first = await ask('/v1/chat/completions?secret=1', headers, hello);
    await ask('/v1/chat/completions', { 'x-request-id': 'two words' }, { ...hello, stream: true });
    const streamed = await ask('/v1/messages', headers, { ...hello, max_tokens: 4, stream: true });
    await streamed.text();
    await fetch(`${it.url}/health`);
    await expect.poll(() => lines(path).length).toBe(4);
    const [whole, refused, stream, health] = lines(path);
    expect(first.headers.get('x-request-id')).toBe('mine-1');
    expect(whole).toMatchObject({
      ...{ id: 'mine-1', client: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', status: 200, whole: true },
      in: JSON.stringify(hello).length,
    });
    expect(Number(whole?.out)).toBeGreaterThan(100);
    expect(new Date(String(whole?.time)).getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(refused).toMatchObject({ status: 401, id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(stream).toMatchObject({ path: '/v1/messages', status: 200, whole: true });
    expect(health).toMatchObject({ path: '/health', status: 200 });
    expect(readFileSync(path, 'utf8')).not.toMatch(/secret|sesame|Hello/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('knows who left: before the answer, and in its midst', async () => {
    const path = join(folder, 'access.log');
    await using it = await served({ accessLog: path, keepAliveMs: 20 });
    it.native.paused = true;
    const waiting = new RawClient(it.url).post('/v1/chat/completions', hello);
    await expect.poll(() => it.native.requests.length).toBe(1);
    waiting.leave();
    const reading = new RawClient(it.url).post('/v1/chat/completions', { ...hello, stream: true });
    await reading.until((said) => said.includes(': ping'));
    reading.leave();
    await expect.poll(() => lines(path).length).toBe(2);
    expect(lines(path)).toMatchObject([
      { status: null, whole: false },
      { status: 200, whole: false },
    ]);
  });

  test('that cannot be written is named at once', async () => {
    const started = serve(scripted(() => 'Hi').engine, { port: 0, accessLog: join(folder, 'none', 'x.log') });
    await expect(started).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'accessLog' });
  });
});

test.each(['/v1/chat/completions', '/v1/completions', '/v1/messages', '/v1/responses'])(
  'no proxy keeps or gathers what %s says',
  async (path) => {
    await using it = await served();
    for (const stream of [false, true]) {
      const body = JSON.stringify({ ...hello, input: 'Hello', prompt: 'Hello', max_tokens: 16, stream });
      const { headers, status } = await fetch(`${it.url}${path}`, { method: 'POST', body });
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(headers.get('x-accel-buffering')).toBe(stream ? 'no' : null);
      expect(headers.get('keep-alive')).toBe('timeout=75');
    }
  },
);

test('the program that serves keeps its own Request and Response', async () => {
  const [before, asked] = [globalThis.Response, globalThis.Request];
  await using it = await served();
  expect((await fetch(`${it.url}/version`)).status).toBe(200);
  expect([globalThis.Response, globalThis.Request]).toEqual([before, asked]);
});
