import { BanyanError } from '../kit/errors.js';
import { waitAtLeast } from '../kit/wait.js';
import type { LoadProgress } from '../model/model-source.js';
import { WorkerProcess, type WorkerSeat } from './worker-process.js';

/** What is known of a worker. */
export interface WorkerReport {
  /** `unix:` and the path of its socket. */
  readonly url: string;
  /** `starting`: its model is loaded. `waiting`: it ended, and is started again soon. `failed`: it is not started any more. */
  readonly state: 'starting' | 'ready' | 'draining' | 'waiting' | 'failed' | 'closed';
  readonly pid: number | undefined;
  /** Times that it was started again. */
  readonly restarts: number;
  /** How its last process ended; '': none has. */
  readonly lastEnd: string;
  readonly cpus: string | undefined;
  readonly device: string | undefined;
}

/** How workers are kept alive. */
export interface Care {
  /** Milliseconds until one that ended is started again; twice as many each time in a row, 16 times at most. */
  readonly restartMs: number;
  /** Ends in a row, without an answer between two of them, after which it is given up. */
  readonly mostEnds: number;
  readonly drainMs: number;
}

type Start = ConstructorParameters<typeof WorkerProcess>[0];

const LONGEST = 16;
/** Beyond `drainMs`: to free the model. */
const GRACE_MS = 10_000;

/** One worker through all its processes: started again when it ends, given up when it ends again and again. */
export class Supervised {
  readonly url: string;
  readonly #start: Start;
  readonly #seat: WorkerSeat;
  readonly #care: Care;
  readonly #changed: () => void;
  readonly #progress: (progress: LoadProgress) => void;
  readonly #closed = new AbortController();
  #process: WorkerProcess;
  #state: WorkerReport['state'] = 'starting';
  #endsInARow = 0;
  #restarts = 0;
  #lastEnd = '';
  #failure: BanyanError | undefined;
  readonly #over: Promise<void>;
  /** Resolves when it answers for the first time. Rejects when its first process could not begin: it is not started again then. */
  readonly begun: Promise<void>;

  /** `changed` is told of each change of its state. */
  constructor(
    start: Start,
    seat: WorkerSeat,
    care: Care,
    changed: () => void,
    progress: (progress: LoadProgress) => void,
  ) {
    this.url = `unix:${start.socket}`;
    this.#start = start;
    this.#seat = seat;
    this.#care = care;
    this.#changed = changed;
    this.#progress = progress;
    this.#process = this.#spawn();
    this.begun = this.#process.ready;
    this.#over = this.#watch();
  }

  get state(): WorkerReport['state'] {
    return this.#state;
  }

  /** Why it was given up; undefined: it was not. */
  get failure(): BanyanError | undefined {
    return this.#failure;
  }

  /** It gave an answer: what follows is another story. */
  answered(): void {
    this.#endsInARow = 0;
  }

  report(): WorkerReport {
    const { url } = this;
    const { cpus, device } = this.#seat;
    const pid = this.#state === 'waiting' || this.#state === 'failed' ? undefined : this.#process.pid;
    return { url, state: this.#state, pid, restarts: this.#restarts, lastEnd: this.#lastEnd, cpus, device };
  }

  /** Lets its answers end, and ends it. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#process.close(this.#care.drainMs + GRACE_MS);
    await this.#over;
    this.#become('closed');
  }

  #spawn(): WorkerProcess {
    return new WorkerProcess(this.#start, this.#seat, {
      progress: this.#progress,
      draining: () => this.#become('draining'),
    });
  }

  async #watch(): Promise<void> {
    for (;;) {
      await this.#process.ready.then(
        () => this.#become('ready'),
        () => {},
      );
      this.#lastEnd = await this.#process.ended;
      const first = this.#restarts === 0 && this.#state === 'starting';
      if (this.#closed.signal.aborted) return;
      if (first || ++this.#endsInARow >= this.#care.mostEnds) return this.#giveUp();
      this.#become('waiting');
      await waitAtLeast(this.#care.restartMs * Math.min(2 ** (this.#endsInARow - 1), LONGEST), this.#closed.signal);
      if (this.#closed.signal.aborted) return;
      this.#restarts++;
      this.#process = this.#spawn();
      this.#become('starting');
    }
  }

  #giveUp(): void {
    const message = `The worker at ${this.url} ended ${this.#endsInARow} times in a row without an answer; the last one ${this.#lastEnd}`;
    this.#failure = new BanyanError('REMOTE_FAILED', message);
    this.#become('failed');
  }

  #become(state: WorkerReport['state']): void {
    this.#state = state;
    this.#changed();
  }
}
