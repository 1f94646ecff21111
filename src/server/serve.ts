import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Engine } from '../engine/engine.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { Models } from '../models/models.js';
import { makeApp } from './app.js';
import { AccessLog } from './http/access-log.js';
import { drained, trackArrivals } from './http/drain.js';
import { countResponses } from './http/http-metrics.js';
import { makeListener } from './http/listener.js';
import { WriteRounds } from './http/write-rounds.js';
import { ManyModels } from './models/many-models.js';
import { OneModel } from './models/one-model.js';
import { ResponseStore } from './responses/store.js';
import { readServerOptions, type ServerOptions } from './server-options.js';
import { Tenants } from './tenants/tenants.js';

export type { ServerOptions };

/** A server that listens. The engine or models stay their owner's: closing the server leaves them open. */
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
 * Serves an engine by OpenAI's and Anthropic's HTTP API, so that existing clients reach it; or several models, of which a request names
 * one. Rejects with INVALID_OPTION, also when the address cannot be listened on.
 */
export async function serve(served: Engine | Models, options: ServerOptions = {}): Promise<Server> {
  const settings = readServerOptions(options);
  const draining = new AbortController();
  const stop = new AbortController();
  const tenants =
    settings.keysFile === undefined ? undefined : new Tenants(settings.keysFile, (gone) => catalog.leave(gone));
  const catalog = served instanceof Models ? new ManyModels(served, settings) : new OneModel(served, settings);
  const app = makeApp({
    settings,
    catalog,
    rounds: new WriteRounds(settings.gatherMs),
    responses: new ResponseStore(),
    tenants,
    draining: draining.signal,
    stop: stop.signal,
  });
  const server = makeListener(app.fetch, settings);
  const log = AccessLog.to(settings.accessLog);
  server.prependListener('request', (request, response) => log.watch(request, response));
  if (catalog.counts) countResponses(server, catalog.counts.registry, catalog);
  const arrivals = trackArrivals(server);
  await listening(server, settings).catch(async (reason) => {
    await catalog.close();
    throw reason;
  });
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;

  let closing: Promise<void> | undefined;
  const close = () => {
    draining.abort();
    closing ??= drained(server, arrivals, settings, stop)
      .then(() => tenants?.close())
      .then(() => catalog.close());
    return closing;
  };
  const scheme = settings.tlsCert === undefined ? 'http' : 'https';
  const reloadKeys = () => {
    if (!tenants) throw invalidOption('keysFile', 'given: there are no keys to read again', undefined);
    tenants.reload();
  };
  return { url: `${scheme}://${host}:${port}`, reloadKeys, close, [Symbol.asyncDispose]: close };
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
