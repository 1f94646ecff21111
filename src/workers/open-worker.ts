import { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { loadBackend } from '../engine/load/load-backend.js';
import { BanyanError } from '../kit/errors.js';
import { serveTokens } from '../server/tokens/serve-tokens.js';

/** How a worker listens. */
export interface WorkerPlace {
  engine: EngineOptions;
  socket: string;
  drainMs?: number | undefined;
}

/** A worker that answers. */
export interface OpenWorker {
  /** `unix:` and the path of its socket. */
  readonly url: string;
  readonly engine: Engine;
  /** Lets answers under way end, ends the rest, and frees the model. Idempotent. */
  close(): Promise<void>;
}

/** Loads an engine and serves it on a socket. Rejects with INVALID_OPTION for the socket, and as `Engine.load()`. */
export async function openWorker({ engine: options, socket, drainMs }: WorkerPlace): Promise<OpenWorker> {
  const backend = await loadBackend(options);
  const engine = new Engine(backend);
  if (engine.info.embeddingSize > 0) {
    await engine.close();
    throw new BanyanError('MODEL_UNSUPPORTED', 'A worker generates text: this is an embedding model');
  }
  const server = await serveTokens(backend, engine, socket, { drainMs }).catch(async (reason) => {
    await engine.close();
    throw reason;
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= server.close().finally(() => engine.close());
    return closing;
  };
  return { url: server.url, engine, close };
}
