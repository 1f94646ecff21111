import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import type { LoadProgress } from '../model/model-source.js';
import type { FromWorker, ToWorker } from './messages.js';

/** Where a worker computes. */
export interface WorkerSeat {
  /** CPUs as taskset has them, such as `0-15`; undefined: all. */
  readonly cpus: string | undefined;
  /** GPU, as CUDA_VISIBLE_DEVICES has it; undefined: all. */
  readonly device: string | undefined;
}

/** One process of a worker, from its start to its end. */
export class WorkerProcess {
  /** Resolves once it answers. Rejects with why it could not begin: as `Engine.load()`, or REMOTE_FAILED where it just ended. */
  readonly ready: Promise<void>;
  /** How it ended, in words. Never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #said: BanyanError | undefined;

  constructor(
    start: Omit<Extract<ToWorker, { type: 'start' }>, 'type'>,
    { cpus, device }: WorkerSeat,
    heard: { progress(progress: LoadProgress): void; draining(): void },
  ) {
    // From its source, as in tests of this package, a worker needs what its parent needs.
    const own = import.meta.url.endsWith('.ts') ? ['--import', 'tsx', './child.ts'] : ['./child.js'];
    const entry = fileURLToPath(new URL(own.pop() as string, import.meta.url));
    const node = [process.execPath, ...own, entry];
    const [command = '', ...args] = cpus === undefined ? node : ['taskset', '-c', cpus, ...node];
    this.#child = spawn(command, args, {
      stdio: ['ignore', 2, 2, 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...(device !== undefined && { CUDA_VISIBLE_DEVICES: device }) },
    });
    const child = this.#child;
    this.ended = new Promise((resolve) => {
      child.on('error', (reason) => resolve(`could not be started: ${reason.message}`));
      child.once('exit', (code, signal) => {
        const how = signal ? `ended by ${signal}` : `ended with ${code}`;
        // What it said last may still be on its way.
        if (child.connected) child.once('disconnect', () => resolve(how));
        else resolve(how);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: FromWorker) => {
        if (message.type === 'progress') heard.progress(message);
        if (message.type === 'draining') heard.draining();
        if (message.type === 'failed') this.#said = asBanyanError(message);
        if (message.type !== 'ready') return;
        this.#unref(); // a program that has nothing else to do may end
        resolve();
      });
      void this.ended.then((how) => reject(this.#said ?? new BanyanError('REMOTE_FAILED', `A worker ${how}`)));
    });
    this.ready.catch(() => {});
    this.#tell({ type: 'start', ...start });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets answers under way end; after `graceMs` it is killed. Resolves when it is gone. */
  async close(graceMs: number): Promise<void> {
    this.#tell({ type: 'close' });
    const timer = setTimeout(() => this.kill(), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {}); // one that has gone hears nothing
  }

  #unref(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}
