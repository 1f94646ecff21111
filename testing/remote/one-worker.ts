import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { loadBackend } from '../../src/engine/load/load-backend.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { serveTokens } from '../../src/server/tokens/serve-tokens.js';

/** An engine, and another one that reaches it through its socket, as other processes do. */
export interface OneWorker extends AsyncDisposable {
  readonly local: Engine;
  readonly remote: Engine;
  readonly path: string;
  /** Prompts that came through the socket or were asked here, in order. */
  readonly prompts: number[][];
}

export async function oneWorker(options: EngineOptions = {}): Promise<OneWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-worker-'));
  const path = join(folder, 'socket');
  const backend = await loadBackend(options);
  const prompts: number[][] = [];
  const submit = backend.submit.bind(backend);
  backend.submit = (request, sink) => {
    prompts.push([...request.prompt]);
    return submit(request, sink);
  };
  const local = new Engine(backend);
  const server = await serveTokens(backend, local, path, { drainMs: 0 });
  const { model, chatTemplate } = options;
  const remote = await RemoteEngine.connect({ url: server.url, model, chatTemplate });
  return {
    ...{ local, remote, path, prompts },
    [Symbol.asyncDispose]: async () => {
      await remote.close();
      await server.close();
      await local.close();
      rmSync(folder, { recursive: true });
    },
  };
}
