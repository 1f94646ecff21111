import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Engine } from '../engine/engine.js';
import { BanyanError } from '../kit/errors.js';
import { Callers } from '../stateless/callers.js';
import { makeApp } from './app.js';
import { readServerOptions, type ServerOptions } from './server-options.js';

export type { ServerOptions };

/** A server that listens. The engine stays its owner's: closing the server leaves it open. */
export interface Server extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new connections, lets answers under way end within `drainMs`, ends the rest, and resolves. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves an engine by OpenAI's HTTP API, so that existing clients reach it. Rejects with INVALID_OPTION, also when the
 * address cannot be listened on.
 */
export async function serve(engine: Engine, options: ServerOptions = {}): Promise<Server> {
  const settings = readServerOptions(options);
  const draining = new AbortController();
  const stop = new AbortController();
  const modelName = settings.modelName ?? (engine.info.name || engine.info.architecture);
  const created = Math.floor(Date.now() / 1_000);
  const app = makeApp({
    engine,
    settings,
    callers: new Callers(engine, settings.history),
    modelName,
    created,
    draining: draining.signal,
    stop: stop.signal,
  });
  const server = createAdaptorServer({ fetch: app.fetch, hostname: settings.host }) as NodeServer;
  Object.assign(server, { requestTimeout: 0, keepAliveTimeout: 75_000 });
  const silent = trackSilent(server);
  await listening(server, settings);
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;

  let closing: Promise<void> | undefined;
  const close = () => {
    draining.abort();
    closing ??= drained(server, silent, settings.drainMs, stop);
    return closing;
  };
  return { url: `http://${host}:${port}`, close, [Symbol.asyncDispose]: close };
}

async function listening(server: NodeServer, { host, port }: { host: string; port: number }): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const inUse =
      code === 'EADDRINUSE' ? `Port ${port} is in use: pass another \`port\`, or 0 for a free one` : message;
    throw new BanyanError('INVALID_OPTION', inUse, { field: code === 'EADDRINUSE' ? 'port' : 'host', cause });
  }
}

const SWEEP_MS = 50;

/** Connections that have not asked anything yet: Node does not count them as idle, and clients open them in advance. */
function trackSilent(server: NodeServer): Set<Socket> {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return silent;
}

/** Idle connections end at once, busy ones with their answers, at the latest when `ms` are over and the answers are aborted. */
async function drained(server: NodeServer, silent: Set<Socket>, ms: number, stop: AbortController): Promise<void> {
  const closed = once(server, 'close');
  const sweep = () => {
    server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
  };
  server.close();
  sweep();
  const sweeping = setInterval(sweep, SWEEP_MS); // kept alive by their clients
  const timer = setTimeout(() => stop.abort(new Error('the server stops')), ms);
  await closed;
  clearInterval(sweeping);
  clearTimeout(timer);
  stop.abort();
}
