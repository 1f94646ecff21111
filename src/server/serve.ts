import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../engine/engine.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { metrics } from '../metrics/metrics.js';
import { Callers } from '../stateless/callers.js';
import { makeApp } from './app.js';
import { AccessLog } from './http/access-log.js';
import { drained, trackArrivals } from './http/drain.js';
import { countResponses } from './http/http-metrics.js';
import { makeListener } from './http/listener.js';
import { Places } from './http/places.js';
import { WriteRounds } from './http/write-rounds.js';
import { ResponseStore } from './responses/store.js';
import { readServerOptions, type ServerOptions } from './server-options.js';
import { Tenants } from './tenants/tenants.js';

export type { ServerOptions };

/** A server that listens. The engine stays its owner's: closing the server leaves it open. */
export interface Server extends AsyncDisposable {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Reads the keys file again. Throws INVALID_OPTION: there is none, or it is wrong; then all is as it was. */
  reloadKeys(): void;
  /**
   * Is not ready any more, takes no new connections after `drainDelayMs`, lets answers under way end within `drainMs`, ends the
   * rest, and resolves. Idempotent.
   */
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
  const { maxRunning } = engine.info;
  const modelName = settings.modelName ?? (engine.info.name || engine.info.architecture);
  const created = Math.floor(Date.now() / 1_000);
  const callers = new Callers(engine, settings);
  const places = new Places(maxRunning + (settings.maxWaiting ?? WAITING_FOR_EACH * maxRunning));
  const tenants =
    settings.keysFile === undefined ? undefined : new Tenants(settings.keysFile, engine, settings, places);
  const counted = settings.metrics ? metrics(engine, { modelName }) : undefined;
  const app = makeApp({
    engine,
    settings,
    places,
    metrics: counted,
    rounds: new WriteRounds(settings.gatherMs),
    callers,
    responses: new ResponseStore(),
    tenants,
    modelName,
    created,
    draining: draining.signal,
    stop: stop.signal,
  });
  const server = makeListener(app.fetch, settings);
  const log = AccessLog.to(settings.accessLog);
  server.prependListener('request', (request, response) => log.watch(request, response));
  if (counted) countResponses(server, counted.registry, places);
  const arrivals = trackArrivals(server);
  await listening(server, settings).catch((reason) => {
    counted?.close();
    throw reason;
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;

  let closing: Promise<void> | undefined;
  const close = () => {
    draining.abort();
    closing ??= drained(server, arrivals, settings, stop).then(() => {
      counted?.close();
      return Promise.all([callers.close(), tenants?.close()]).then(() => {});
    });
    return closing;
  };
  const scheme = settings.tlsCert === undefined ? 'http' : 'https';
  const reloadKeys = () => {
    if (!tenants) throw invalidOption('keysFile', 'given: there are no keys to read again', undefined);
    tenants.reload();
  };
  return { url: `${scheme}://${host}:${port}`, reloadKeys, close, [Symbol.asyncDispose]: close };
}

/** Answers that may wait for each that is computed. */
const WAITING_FOR_EACH = 16;

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
