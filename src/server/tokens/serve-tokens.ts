import type { Backend } from '../../backend/backend.js';
import type { Engine } from '../../engine/engine.js';
import { listenAt } from '../../kit/files/socket-place.js';
import { readServerOptions, type ServerOptions } from '../server-options.js';
import { startServer } from '../start.js';
import { TokenDoor } from './token-door.js';

/** A worker that answers. */
export interface TokenServer {
  /** `unix:` and the path of its socket. */
  readonly url: string;
  /** Aborts when it begins to stop. */
  readonly draining: AbortSignal;
  /** Lets answers under way end within `drainMs`, and ends the rest. Idempotent. */
  close(): Promise<void>;
}

/**
 * Serves an engine on a Unix socket, by token ids and by all that a server speaks. `backend`: the engine's own. Rejects with INVALID_OPTION
 * where another process listens there, or what is there is of another user.
 */
export async function serveTokens(
  backend: Backend,
  engine: Engine,
  socket: string,
  options: Pick<ServerOptions, 'maxWaiting' | 'drainMs' | 'maxBodyBytes' | 'metrics'> = {},
): Promise<TokenServer> {
  const settings = readServerOptions(options);
  let leave = async () => {};
  const started = await startServer(
    engine,
    settings,
    async (server) => {
      leave = await listenAt(server, socket);
    },
    new TokenDoor(backend),
  );
  const { draining } = started;
  return { url: `unix:${socket}`, draining, close: () => started.close().finally(() => leave()) };
}
