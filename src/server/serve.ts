import type { AddressInfo } from 'node:net';
import type { Engine } from '../engine/engine.js';
import type { Models } from '../models/models.js';
import { readServerOptions, type ServerOptions } from './server-options.js';
import { listening, startServer } from './start.js';

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
  const { server, reloadKeys, close } = await startServer(served, settings, (one) => listening(one, settings));
  const { port } = server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const scheme = settings.tlsCert === undefined ? 'http' : 'https';
  return { url: `${scheme}://${host}:${port}`, reloadKeys, close, [Symbol.asyncDispose]: close };
}
