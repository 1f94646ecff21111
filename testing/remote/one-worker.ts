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
  /** So many tokens of the next answer leave it; then it breaks off, as when its process ends. */
  breakAfter: number;
}

export async function oneWorker(options: EngineOptions = {}): Promise<OneWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-worker-'));
  const path = join(folder, 'socket');
  const backend = await loadBackend(options);
  const prompts: number[][] = [];
  const submit = backend.submit.bind(backend);
  backend.submit = (request, sink) => {
    prompts.push([...request.prompt]);
    let left = worker.breakAfter;
    worker.breakAfter = Number.POSITIVE_INFINITY;
    const id = submit(request, (event) => {
      if (event.type === 'tokens') left -= event.tokens.length;
      if (left > 0 || event.type === 'error') sink(event);
      else if (event.type === 'finish') sink({ ...event, reason: 'cancelled' });
      else if (event.type === 'tokens' && left === 0) sink(event);
      if (left <= 0) backend.cancel(id);
    });
    return id;
  };
  const local = new Engine(backend);
  const server = await serveTokens(backend, local, path, { drainMs: 0 });
  const { model, chatTemplate } = options;
  const remote = await RemoteEngine.connect({ url: server.url, model, chatTemplate });
  const worker = {
    ...{ local, remote, path, prompts, breakAfter: Number.POSITIVE_INFINITY },
    [Symbol.asyncDispose]: async () => {
      await remote.close();
      await server.close();
      await local.close();
      rmSync(folder, { recursive: true });
    },
  };
  return worker;
}
