import { expect, test } from 'vitest';
import { servingScript } from '../../testing/engine/serving.js';
import { RawClient } from '../support/raw-client.js';

// What a server takes of a client before it says no, and that it lives on.

const hello = { messages: [{ role: 'user', content: 'Hello' }] };

test.each(['content-length: 3000000\r\n', 'transfer-encoding: chunked\r\n'])(
  'a body that is too large: %s',
  async (header) => {
    await using it = await servingScript(undefined, { maxBodyBytes: 1_000_000 });
    const client = new RawClient(it.url);
    client.socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${header}\r\n`);
    const chunked = header.startsWith('transfer');
    const piece = 'x'.repeat(100_000);
    for (let index = 0; index < 30; index++) client.socket.write(chunked ? `186a0\r\n${piece}\r\n` : piece);
    if (chunked) client.socket.write('0\r\n\r\n');
    await client.until((said) => said.endsWith('}'));
    expect(client.said).toMatch(/^HTTP\/1\.1 413 [\s\S]*"request_too_large"/);
    // The connection is as good as new.
    client.said = '';
    client.post('/v1/chat/completions', hello);
    await client.until((said) => said.endsWith('}'));
    expect(client.said).toMatch(/^HTTP\/1\.1 200 /);
    client.leave();
  },
);

test('headers that are too large get 431', async () => {
  await using it = await servingScript();
  const client = new RawClient(it.url);
  client.socket.write(`GET /health HTTP/1.1\r\nhost: localhost\r\nx-long: ${'x'.repeat(70_000)}\r\n\r\n`);
  await client.until((said) => said.includes('\r\n\r\n'));
  expect(client.said).toMatch(/^HTTP\/1\.1 431 /);
  client.leave();
  const wide = new RawClient(it.url).post('/v1/chat/completions', hello, `x-long: ${'x'.repeat(60_000)}\r\n`);
  await wide.until((said) => said.endsWith('}'));
  expect(wide.said).toMatch(/^HTTP\/1\.1 200 /);
  wide.leave();
});

test.each([
  ['no byte', ''],
  ['half a header', 'POST /v1/chat/completions HTTP/1.1\r\nhost: local'],
  ['half a body', 'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{"messages":'],
])('a client that sends %s and then nothing is let go, an answer that takes longer is not', async (_, sent) => {
  await using it = await servingScript(undefined, { receiveMs: 100 });
  it.native.paused = true;
  const waiting = new RawClient(it.url).post('/v1/chat/completions', hello);
  await expect.poll(() => it.native.requests.length).toBe(1);
  const slow = new RawClient(it.url);
  slow.socket.write(sent);
  await slow.ended();
  expect(slow.said).toMatch(/^HTTP\/1\.1 408 /);
  expect(slow.closed).toBe(true);
  expect(waiting.closed).toBe(false);
  it.native.resume();
  await waiting.until((said) => said.endsWith('}'));
  expect(waiting.said).toMatch(/^HTTP\/1\.1 200 /);
  waiting.leave();
});

test('a thousand idle connections take less than 60 KB each, and keep none out', async () => {
  await using it = await servingScript();
  const open = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const client = new RawClient(it.url);
        client.socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
        return client.until((said) => said.endsWith('}'));
      }),
    );
  const used = () => {
    global.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const clients = await open(100);
  const before = used();
  clients.push(...(await open(1_000)));
  expect((used() - before) / 1_000).toBeLessThan(60_000);
  expect(clients.filter(({ closed }) => closed)).toEqual([]);
  for (const client of clients) client.leave();
});

test('more answers than there are places: 429 at once, and all three headers that clients go by', async () => {
  await using it = await servingScript(undefined, { maxWaiting: 0 });
  it.native.paused = true;
  const first = Array.from({ length: it.native.info.maxRunning }, () =>
    new RawClient(it.url).post('/v1/chat/completions', { ...hello, stream: true }),
  );
  await expect.poll(() => it.native.requests.length).toBe(first.length);
  for (const path of ['chat/completions', 'messages', 'responses', 'completions']) {
    const body = JSON.stringify({ ...hello, max_tokens: 4, input: 'Hello', prompt: 'Hello' });
    const response = await fetch(`${it.url}/v1/${path}`, { method: 'POST', body });
    expect([path, response.status]).toEqual([path, 429]);
    for (const header of ['retry-after', 'retry-after-ms', 'x-should-retry'])
      expect(response.headers.get(header)).toMatch(/^(\d+|true)$/);
    expect(await response.text()).toMatch(/rate_limit/);
  }
  first[0]?.leave();
  await expect.poll(() => it.native.cancelled.length).toBe(1);
  it.native.resume();
  for (const client of first.slice(1)) {
    await client.ended();
    expect(client.said).toContain('[DONE]');
    client.leave();
  }
  expect((await fetch(`${it.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(hello) })).status).toBe(
    200,
  );
});
