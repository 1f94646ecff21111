import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessAborted } from '../kit/abort-listeners.js';
import { LoadControl } from '../model/load-control.js';
import { findModelFile } from '../model/model-file.js';
import { connectBackend } from '../remote/connect-backend.js';
import { RemoteEngine } from '../remote/remote-engine.js';
import { seatsOf } from './seats.js';
import { Supervised, type WorkerReport } from './supervised.js';
import { SupervisedServers } from './supervised-servers.js';
import { readWorkersOptions, type WorkersOptions } from './workers-options.js';

/**
 * Engines in processes of their own, one a GPU or NUMA node, as one `Engine`. One that dies takes no other along: it is started again,
 * its answers go on token by token at another one, and with a disk cache it comes back warm. They end with this process, however it ends.
 */
export class Workers implements AsyncDisposable {
  /** All of them, as one engine. Closing it leaves them running. */
  readonly engine: RemoteEngine;
  readonly #workers: readonly Supervised[];
  readonly #folder: string;
  #closing: Promise<void> | undefined;

  private constructor(engine: RemoteEngine, workers: readonly Supervised[], folder: string) {
    this.engine = engine;
    this.#workers = workers;
    this.#folder = folder;
  }

  /**
   * Starts workers, and resolves when all of them answer. Rejects as `Engine.load()` where one of them cannot load the model, with
   * INVALID_OPTION, REMOTE_FAILED, ABORTED; then none of them is left.
   */
  static async start(given: WorkersOptions): Promise<Workers> {
    const { count, devices, cpus, engine, care, options } = readWorkersOptions(given);
    const seats = seatsOf(count, devices, cpus);
    const control = new LoadControl(options.signal, options.onProgress);
    const { signal } = control;
    let workers: Supervised[] = [];
    let servers: SupervisedServers | undefined;
    let folder: string | undefined;
    try {
      control.checkNotAborted();
      const { model, modelsDirectory: directory } = options;
      const found = await findModelFile({ model, directory, onProgress: control.progress, signal });
      control.checkNotAborted();
      folder = await mkdtemp(join(tmpdir(), 'banyan-'));
      const own = { ...engine, ...(model !== undefined && { model: found }) };
      const loaded = seats.map(() => 0);
      const place = folder;
      workers = seats.map((seat, at) => {
        const start = { engine: own, socket: join(place, `${at}`), drainMs: care.drainMs };
        const progress = ({ fraction }: { fraction: number }) => {
          loaded[at] = fraction;
          control.progress({ stage: 'load', fraction: loaded.reduce((sum, one) => sum + one, 0) / count });
        };
        return new Supervised(start, seat, care, () => servers?.changed(), progress);
      });
      await unlessAborted(Promise.all(workers.map(({ begun }) => begun)), signal);
      const { chatTemplate, toolFormat, tenantSecret, idleMs, firstTokenMs } = options;
      const backends = workers.map(({ url }) => ({ url, dialect: 'banyan' as const }));
      const shared = { model: own.model, chatTemplate, toolFormat, tenantSecret, idleMs, firstTokenMs };
      const backend = await connectBackend(
        { backends, ...shared, signal },
        {
          over: (pooled) => {
            servers = new SupervisedServers(pooled, workers);
            return servers;
          },
        },
      );
      return new Workers(new RemoteEngine(backend), workers, folder);
    } catch (reason) {
      await Promise.all(workers.map((worker) => worker.close()));
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      throw control.failure(reason);
    } finally {
      control.end();
    }
  }

  /** What each worker is at. */
  report(): WorkerReport[] {
    return this.#workers.map((worker) => worker.report());
  }

  /** Closes the engine, lets answers under way end within `drainMs`, and ends all workers. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.engine.close();
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.close()));
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}
