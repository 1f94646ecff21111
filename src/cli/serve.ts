import type { EngineOptions } from '../engine/engine-options.js';
import { type ServerOptions, serve as startServer } from '../server/serve.js';
import { loadWithProgress } from './load-model.js';
import type { Stop } from './stop.js';

/** Serves a model until a signal comes; the second signal ends the process at once. */
export async function serve(options: { engine: EngineOptions; server: ServerOptions; stop: Stop }): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  try {
    const server = await startServer(engine, options.server);
    const { name, architecture, maxContext, embeddingSize } = engine.info;
    const what =
      embeddingSize > 0
        ? `vectors of ${embeddingSize} numbers, ${maxContext} tokens a text`
        : `${maxContext} tokens of context a request`;
    process.stderr.write(`${name || architecture}, ${what}\n`);
    process.stdout.write(`${server.url}/v1\n`);
    await options.stop.requested();
    await server.close();
  } finally {
    await engine.close();
  }
}
