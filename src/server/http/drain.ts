import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turnOfLoop } from 'node:timers/promises';
import type { ServerSettings } from '../server-options.js';

const SWEEP_MS = 50;

/** Clients who have come. */
export interface Arrivals {
  /** Connections so far. */
  count: number;
  /** Those that have not asked anything yet: Node does not count them as idle, and clients open them in advance. */
  silent: Set<Socket>;
}

/** Begins to count. */
export function trackArrivals(server: NodeServer): Arrivals {
  const arrivals: Arrivals = { count: 0, silent: new Set() };
  const { silent } = arrivals;
  server.on('connection', (socket) => {
    arrivals.count++;
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return arrivals;
}

/** As many connections as a system lets wait. */
const MOST_TURNS = 4_096;

/** Takes those who wait to be accepted, which Node does one a turn of its loop. */
async function acceptAll(arrivals: Arrivals): Promise<void> {
  let before = -1;
  for (let turn = 0; turn < MOST_TURNS && arrivals.count !== before; turn++) {
    before = arrivals.count;
    await turnOfLoop();
  }
}

/**
 * New clients are let in for `drainDelayMs` more. Then idle connections end at once, busy ones with their answers, at the latest
 * when `drainMs` are over and the answers are aborted. What has been sent to us by then is read first: no client that has asked
 * goes without an answer.
 */
export async function drained(
  server: NodeServer,
  arrivals: Arrivals,
  { drainDelayMs, drainMs }: Pick<ServerSettings, 'drainDelayMs' | 'drainMs'>,
  stop: AbortController,
): Promise<void> {
  await sleep(drainDelayMs);
  await acceptAll(arrivals);
  const closed = once(server, 'close');
  server.close();
  const sweep = async () => {
    await turnOfLoop(); // hears those who have been
    server.closeIdleConnections();
    for (const socket of arrivals.silent) socket.destroy();
  };
  const sweeping = setInterval(sweep, SWEEP_MS); // kept alive by their clients
  const timer = setTimeout(() => stop.abort(new Error('the server stops')), drainMs);
  await sweep();
  await closed;
  clearInterval(sweeping);
  clearTimeout(timer);
  stop.abort();
}
