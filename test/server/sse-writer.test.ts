import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventFrame } from '../../src/server/http/event-frame.js';
import { SseWriter } from '../../src/server/http/sse-writer.js';
import { deferred } from '../../testing/engine/deferred.js';

/** A server that gives each response to `answer`. */
async function serving(answer: (sse: SseWriter, response: ServerResponse, path: string) => void) {
  const server = createServer(({ url = '' }, response) =>
    answer(new SseWriter(response, {}, 60_000, () => ': ping\n\n'), response, url),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
}

/** What a server says to raw bytes, until it closes the connection or says `last`. */
async function exchange(port: number, sent: string, last?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  socket.write(sent);
  let said = '';
  for await (const piece of socket as AsyncIterable<string>) {
    said += piece;
    if (last !== undefined && said.includes(last)) break;
  }
  return said;
}

test('any text arrives as it was sent, however many bytes its characters have', async () => {
  let texts: string[] = [];
  await using it = await serving((sse) => {
    for (const text of texts) sse.send(text);
    sse.end('data: [DONE]\n\n');
  });
  const unit = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { maxLength: 5 }), async (sent) => {
      texts = sent;
      const got = await (await fetch(it.url)).text();
      expect(got).toBe(`${sent.map((text) => `data: ${JSON.stringify(text)}\n\n`).join('')}data: [DONE]\n\n`);
    }),
    { numRuns: 60 },
  );
});

test('a text that grows in a frame is the same events, to the byte', async () => {
  let [texts, name]: [string[], string | undefined] = [[], undefined];
  const data = (text: string) => ({ model: `a"${name}`, delta: { text }, end: null });
  await using it = await serving((sse) => {
    const frame = eventFrame(data, name);
    for (const text of texts) sse.grow(frame, text);
    sse.end();
  });
  const unit = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(unit, { maxLength: 5 }), fc.constantFrom(undefined, 'x', 'ü'), async (sent, event) => {
      [texts, name] = [sent, event];
      const start = event === undefined ? '' : `event: ${event}\n`;
      const expected = sent.map((text) => `${start}data: ${JSON.stringify(data(text))}\n\n`);
      expect(await (await fetch(it.url)).text()).toBe(expected.join(''));
    }),
    { numRuns: 60 },
  );
});

test('what one step gives leaves in one chunk; the next step in another', async () => {
  await using it = await serving((sse) => {
    sse.send('a', 'x');
    sse.send('ü');
    setImmediate(() => {
      sse.send('b');
      setImmediate(() => sse.end());
    });
  });
  const said = await exchange(it.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', '\r\n0\r\n\r\n');
  const events = 'event: x\ndata: "a"\n\ndata: "ü"\n\n';
  expect(said.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(
    `${Buffer.byteLength(events).toString(16)}\r\n${events}\r\nb\r\ndata: "b"\n\n\r\n0\r\n\r\n`,
  );
});

test('a client of HTTP/1.0, which knows no chunks', async () => {
  await using it = await serving((sse) => {
    sse.send('a');
    setImmediate(() => sse.end('data: [DONE]\n\n'));
  });
  const said = await exchange(it.port, 'GET / HTTP/1.0\r\n\r\n');
  expect(said.split('\r\n\r\n')[1]).toBe('data: "a"\n\ndata: [DONE]\n\n');
});

test('answers on one connection keep their order, also when a later one is done first', async () => {
  const first: SseWriter[] = [];
  await using it = await serving((sse, _, path) => {
    sse.send(path);
    if (path === '/1') first.push(sse);
    else
      setImmediate(() => {
        sse.end();
        setImmediate(() => first[0]?.end());
      });
  });
  const said = await exchange(
    it.port,
    ['/1', '/2'].map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''),
    '"/2"\n\n\r\n0\r\n\r\n',
  );
  const bodies = said.split(/HTTP\/1\.1 200 OK[\s\S]*?\r\n\r\n/).slice(1);
  expect(bodies).toEqual(['/1', '/2'].map((path) => `c\r\ndata: "${path}"\n\n\r\n0\r\n\r\n`));
});

test('a reader that lags 1 MiB behind is let go', async () => {
  const piece = 'x'.repeat(64 * 1_024);
  let sent = 0;
  const { promise: closed, resolve: ended } = deferred<number>();
  await using it = await serving((sse, response) => {
    response.on('close', () => ended(sent));
    const more = () => {
      if (response.destroyed) return;
      sse.send(piece);
      sent += piece.length;
      setImmediate(more);
    };
    more();
  });
  const socket = connect(it.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  socket.pause();
  // What the system's own buffers hold comes on top of it.
  expect(await closed).toBeLessThan(32 * 2 ** 20);
  socket.destroy();
});
