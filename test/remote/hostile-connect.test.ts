import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { connectBackend } from '../../src/remote/connect-backend.js';
import { findServer } from '../../src/remote/token/find-server.js';
import { Transport } from '../../src/remote/token/transport.js';
import { modelsOf } from '../../testing/remote/fake-server.js';

// What a server may say, or not say, while it is being connected. Whoever waits for it hears of it in time, and may leave before.

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that says bytes of its own to each connection. Its address without the scheme. */
async function rawServer(said: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    said(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const JSON_HEAD = `${HEAD}content-type: application/json\r\ncontent-length: 999999999\r\n\r\n`;

/** Says a beginning, and then a piece again and again, as fast as it is taken. */
const pouring = (head: string, piece: string) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed) if (!socket.write(piece)) return void socket.once('drain', more);
  };
  socket.write(head, more);
};

/** Says a beginning, and then a byte every few milliseconds. */
const dripping = (head: string) => (socket: Socket) => {
  socket.write(head);
  const timer = setInterval(() => socket.write('x'), 5);
  socket.on('close', () => clearInterval(timer));
};

test.each<[string, (socket: Socket) => void]>([
  ['no HTTP', (socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ['headers without end', pouring(HEAD, 'x: y\r\n')],
  ['a reply without end', pouring(JSON_HEAD, ' '.repeat(1 << 16))],
  ['half a reply', (socket) => void socket.end(`${JSON_HEAD}{"data":`)],
  ['nothing', () => {}],
  ['a header, a byte now and then', dripping(`${HEAD}x: `)],
  ['a reply, a byte now and then', dripping(JSON_HEAD)],
])('one that says %s: REMOTE_FAILED in time', async (_what, said) => {
  const url = `http://${await rawServer(said)}`;
  const found = findServer({ url }, new AbortController().signal, 200);
  await expect(found).rejects.toMatchObject({ name: 'BanyanError', code: 'REMOTE_FAILED' });
});

test('whoever leaves while a handshake, or the tokens of a text, are waited for is not kept', async () => {
  const stop = [new AbortController(), new AbortController()] as const;
  const mute = await rawServer(() => stop[0].abort());
  const bare = await rawServer((socket) =>
    socket.on('data', (bytes) => {
      if (!bytes.includes('/v1/models')) return stop[1].abort();
      const list = JSON.stringify(modelsOf('llamacpp', { meta: { n_ctx: 512 } }));
      socket.write(`${HEAD}content-length: ${list.length}\r\n\r\n${list}`);
    }),
  );
  const connecting = [`https://${mute}`, `http://${bare}`].map((url, at) =>
    connectBackend({ url, signal: stop[at]?.signal }),
  );
  for (const one of connecting) await expect(one).rejects.toMatchObject({ code: 'ABORTED' });
});

test.each(['abort', 'close'])('a request that is not connected yet ends at once: %s', async (how) => {
  const transport = new Transport(`https://${await rawServer(() => {})}`, {});
  const stop = new AbortController();
  const failed = expect(transport.events('/', {}, {}, stop.signal).next()).rejects.toMatchObject({ kind: 'broken' });
  await turn();
  if (how === 'abort') stop.abort();
  else await transport.close();
  await failed;
  await transport.close();
});
