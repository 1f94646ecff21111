/** The clients of a server, in a process of their own: what they cost is not measured. Told by messages of the parent. */
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asked, Order } from './clients.js';

/** What ends a stream of each face, and an answer that is no stream. */
const ENDS = ['data: [DONE]', 'event: message_stop', 'event: response.completed', 'event: response.incomplete'];

/** A text that is not empty, in the words of any face. */
const FIRST = /"(?:content|text|delta)":"[^"]/;

function request({ port, path, key, limitMs }: Order, body: string): string {
  const size = Buffer.byteLength(body);
  const limit = limitMs === undefined ? '' : `x-banyan-ttft-limit-ms: ${limitMs}\r\n`;
  const who = key === undefined ? limit : `authorization: Bearer ${key}\r\n${limit}`;
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${who}content-type: application/json\r\ncontent-length: ${size}\r\n\r\n${body}`;
}

/** One stream on a connection of its own, to its end. */
function read(socket: Socket, sent: string): Promise<Asked> {
  const asked: Asked = { events: 0, bytes: 0, whole: false, firstMs: 0 };
  const start = performance.now();
  let tail = '';
  under.add(socket);
  socket.write(sent);
  return new Promise((resolve) => {
    const end = () => {
      under.delete(socket);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve(asked);
    };
    socket.on('data', (piece: Buffer) => {
      const text = piece.toString('latin1');
      asked.bytes += piece.length;
      for (let at = text.indexOf('data: {'); at >= 0; at = text.indexOf('data: {', at + 7)) asked.events++;
      tail = `${tail}${text}`.slice(-2_000);
      if (asked.firstMs === 0 && FIRST.test(tail)) asked.firstMs = performance.now() - start;
      if (isRefused(tail)) {
        asked.retryAfterMs = Number(/\r\nretry-after-ms: (\d+)/.exec(tail)?.[1]);
        end();
      }
      if (!tail.endsWith('0\r\n\r\n')) return;
      asked.whole = ENDS.some((last) => tail.includes(last));
      end();
    });
    socket.on('error', end);
    socket.on('close', end);
  });
}

/** A whole head of a status that is not 200: what follows is no stream. */
const isRefused = (text: string) => /^HTTP\/1\.1 (?!200)/.test(text) && text.includes('\r\n\r\n');

const opened = (port: number) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });

/** Sockets of the streams under way. */
const under = new Set<Socket>();
/** Bodies that wait for a free client. */
let left: string[] = [];

process.on('message', async (message: Order | 'leave' | 'enough') => {
  if (message === 'leave') {
    for (const socket of under) socket.destroy();
    return;
  }
  if (message === 'enough') {
    left = [];
    return;
  }
  const { port, bodies, most } = message;
  const results: Asked[] = [];
  if (typeof most === 'object') {
    const begun = performance.now();
    const answers = bodies.map(async (body, index) => {
      await sleep((most[index] ?? 0) - (performance.now() - begun));
      return read(await opened(port), request(message, body));
    });
    results.push(...(await Promise.all(answers)));
  } else if (most === 'all') {
    const sockets = await Promise.all(bodies.map(() => opened(port)));
    const answers = sockets.map((socket, index) => read(socket, request(message, bodies[index] as string)));
    results.push(...(await Promise.all(answers)));
  } else {
    left = bodies.toReversed();
    const client = async () => {
      for (let body = left.pop(); body !== undefined; body = left.pop())
        results.push(await read(await opened(port), request(message, body)));
    };
    await Promise.all(Array.from({ length: most }, client));
  }
  process.send?.(results);
});
process.on('disconnect', () => process.exit());
