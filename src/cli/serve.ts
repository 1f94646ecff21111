import type { AuditLog } from '../audit/audit-log.js';
import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { Models } from '../models/models.js';
import type { ModelsOptions } from '../models/models-options.js';
import { type ServerOptions, serve as startServer } from '../server/serve.js';
import type { Recording } from '../trace/recording.js';
import type { WorkersOptions } from '../workers/workers-options.js';
import { type AuditFlags, openAudit } from './audit.js';
import { showWarmUp } from './cache/warm-up.js';
import { loadWithProgress } from './load-model.js';
import type { Stop } from './stop.js';
import { startWithProgress } from './workers/start.js';

interface Serving {
  engine: EngineOptions;
  /** In place of the one engine. */
  models: ModelsOptions | undefined;
  /** In place of an engine in this process. */
  workers: WorkersOptions | undefined;
  server: ServerOptions;
  audit: AuditFlags;
  /** Spans go to the process's OpenTelemetry SDK. */
  traces: boolean;
  /** Path of a recording. */
  record: string | undefined;
  stop: Stop;
}

/** Serves a model, or several, until a signal comes; the second signal ends the process at once. */
export async function serve({
  engine,
  models,
  workers,
  server: options,
  audit,
  traces,
  record,
  stop,
}: Serving): Promise<void> {
  if (record !== undefined && (models || workers)) {
    throw invalidOption('record', 'left out with several models or workers: a recording is of one engine', record);
  }
  if (options.inspectorText && audit.audit === undefined) {
    throw new BanyanError('INVALID_OPTION', '--inspector-text needs --audit <path>, which records each look', {
      field: 'audit',
    });
  }
  const trace = traces ? await tracing() : undefined;
  const log = await openAudit(audit); // before a model of gigabytes
  const load = async (own: EngineOptions) => watched(await loadWithProgress(own), log, trace);
  const loadLater = async (own: EngineOptions) => {
    const loaded = await load(own);
    void showWarmUp(loaded, stop.signal);
    return loaded;
  };
  const pool = workers && (await startWithProgress(workers, stop.signal));
  const served = models
    ? new Models({ ...models, load: loadLater })
    : pool
      ? watched(pool.engine, log, trace)
      : await load(engine);
  let recording: Recording | undefined;
  try {
    recording = record === undefined || served instanceof Models ? undefined : await served.record(record);
    const server = await startServer(served, options);
    process.stderr.write(`${served instanceof Models ? aboutAll(served) : about(served)}\n`);
    for (const { url, pid } of pool?.report() ?? []) process.stderr.write(`worker ${pid} at ${url}\n`);
    for (const page of pagesOf(options)) process.stderr.write(`${server.url}${page}\n`);
    process.stdout.write(`${server.url}/v1\n`);
    if (!(served instanceof Models) && !pool) void showWarmUp(served, stop.signal);
    const reload = () => {
      try {
        server.reloadKeys();
        process.stderr.write('keys were read again\n');
      } catch (reason) {
        process.stderr.write(`keys stay as they were: ${(reason as Error).message}\n`);
      }
    };
    if (options.keysFile !== undefined) process.on('SIGHUP', reload);
    await stop.requested();
    await server.close();
    process.off('SIGHUP', reload);
  } finally {
    await recording?.stop();
    await served.close();
    await pool?.close();
    await log?.close();
  }
}

function pagesOf({ inspector = true, metrics = true }: ServerOptions): string[] {
  return [
    ...(inspector ? ['/inspector: what the engine holds, in a browser'] : []),
    ...(metrics ? ['/metrics: for Prometheus'] : []),
  ];
}

type Watch = (engine: Engine) => void;

/** Told of each engine that is loaded. Throws INVALID_OPTION before a model is. */
async function tracing(): Promise<Watch> {
  try {
    const { traceEngine } = await import('../adapters/otel/trace-engine.js');
    return traceEngine;
  } catch (cause) {
    const message = `--traces needs the package @opentelemetry/api: ${(cause as Error).message}`;
    throw new BanyanError('INVALID_OPTION', message, { field: 'traces', cause });
  }
}

function watched(engine: Engine, log: AuditLog | undefined, trace: Watch | undefined): Engine {
  if (log) engine.audit(log);
  trace?.(engine);
  return engine;
}

function about({ info: { name, architecture, maxContext, embeddingSize } }: Engine): string {
  const what =
    embeddingSize > 0
      ? `vectors of ${embeddingSize} numbers, ${maxContext} tokens a text`
      : `${maxContext} tokens of context a request`;
  return `${name || architecture}, ${what}`;
}

function aboutAll(models: Models): string {
  const names = models.report().map(({ name }) => name);
  return `${names.join(', ')}: loaded when they are asked for, ${models.memory.budgetBytes} bytes together at most`;
}
