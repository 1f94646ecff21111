import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { BanyanError } from '../kit/errors.js';
import { type ServerOptions, serve as startServer } from '../server/serve.js';
import { type AuditFlags, openAudit } from './audit.js';
import { loadWithProgress } from './load-model.js';
import type { Stop } from './stop.js';

interface Serving {
  engine: EngineOptions;
  server: ServerOptions;
  audit: AuditFlags;
  /** Spans go to the process's OpenTelemetry SDK. */
  traces: boolean;
  stop: Stop;
}

/** Serves a model until a signal comes; the second signal ends the process at once. */
export async function serve(options: Serving): Promise<void> {
  const log = await openAudit(options.audit); // before a model of gigabytes
  const engine = await loadWithProgress(options.engine);
  try {
    if (log) engine.audit(log);
    if (options.traces) await trace(engine);
    const server = await startServer(engine, options.server);
    const { name, architecture, maxContext, embeddingSize } = engine.info;
    const what =
      embeddingSize > 0
        ? `vectors of ${embeddingSize} numbers, ${maxContext} tokens a text`
        : `${maxContext} tokens of context a request`;
    process.stderr.write(`${name || architecture}, ${what}\n`);
    process.stdout.write(`${server.url}/v1\n`);
    const reload = () => {
      try {
        server.reloadKeys();
        process.stderr.write('keys were read again\n');
      } catch (reason) {
        process.stderr.write(`keys stay as they were: ${(reason as Error).message}\n`);
      }
    };
    if (options.server.keysFile !== undefined) process.on('SIGHUP', reload);
    await options.stop.requested();
    await server.close();
    process.off('SIGHUP', reload);
  } finally {
    await engine.close();
    await log?.close();
  }
}

async function trace(engine: Engine): Promise<void> {
  try {
    const { traceEngine } = await import('../adapters/otel/trace-engine.js');
    traceEngine(engine);
  } catch (cause) {
    const message = `--traces needs the package @opentelemetry/api: ${(cause as Error).message}`;
    throw new BanyanError('INVALID_OPTION', message, { field: 'traces', cause });
  }
}
