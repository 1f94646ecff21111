import { once } from 'node:events';
import type { Server as NodeServer } from 'node:http';
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
import { IgnoredLog } from './ignored-log.js';
import { ManyModels } from './models/many-models.js';
import { OneModel } from './models/one-model.js';
import { ResponseStore } from './responses/store.js';
import type { ServerSettings } from './server-options.js';
import { Tenants } from './tenants/tenants.js';
import type { TokenDoor } from './tokens/token-door.js';

/** A server that has begun. */
export interface Started {
  readonly server: NodeServer;
  /** Aborts when it begins to stop. */
  readonly draining: AbortSignal;
  reloadKeys(): void;
  close(): Promise<void>;
}

/** Serves what is served where `listen` says. `door`: of a worker. Rejects with what `listen` rejects with. */
export async function startServer(
  served: Engine | Models,
  settings: ServerSettings,
  listen: (server: NodeServer) => Promise<void>,
  door?: TokenDoor,
): Promise<Started> {
  const draining = new AbortController();
  const stop = new AbortController();
  const tenants =
    settings.keysFile === undefined ? undefined : new Tenants(settings.keysFile, (gone) => catalog.leave(gone));
  const catalog = served instanceof Models ? new ManyModels(served, settings) : new OneModel(served, settings);
  const app = makeApp({
    settings,
    catalog,
    ignored: new IgnoredLog(),
    rounds: new WriteRounds(settings.gatherMs),
    responses: new ResponseStore(),
    tenants,
    swaps: settings.swaps && served instanceof Models ? served : undefined,
    door,
    draining: draining.signal,
    stop: stop.signal,
  });
  const server = makeListener(app.fetch, settings);
  const log = AccessLog.to(settings.accessLog);
  server.prependListener('request', (request, response) => log.watch(request, response));
  if (catalog.counts) countResponses(server, catalog.counts.registry, catalog);
  const arrivals = trackArrivals(server);
  await listen(server).catch(async (reason) => {
    await catalog.close();
    throw reason;
  });

  let closing: Promise<void> | undefined;
  const close = () => {
    draining.abort();
    closing ??= drained(server, arrivals, settings, stop)
      .then(() => tenants?.close())
      .then(() => catalog.close());
    return closing;
  };
  const reloadKeys = () => {
    if (!tenants) throw invalidOption('keysFile', 'given: there are no keys to read again', undefined);
    tenants.reload();
  };
  return { server, draining: draining.signal, reloadKeys, close };
}

/** Resolves once it listens on an address of the network. Rejects with INVALID_OPTION. */
export async function listening(server: NodeServer, { host, port }: { host: string; port: number }): Promise<void> {
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
