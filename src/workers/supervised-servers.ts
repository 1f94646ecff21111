import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError, hasCode } from '../kit/errors.js';
import type { Pooled } from '../remote/servers/pooled.js';
import type { Servers, Trip } from '../remote/servers/trip.js';
import type { Member } from '../remote/token/member.js';
import type { Supervised } from './supervised.js';

/** A call is tried again that often: workers come back. */
const MOST_RETRIES = 16;

/** What is known of a worker here. */
type Known = Pick<Supervised, 'url' | 'state' | 'failure' | 'answered'>;

/** Workers as calls see them: those that are not there get nothing, and while none is there calls wait for one. */
export class SupervisedServers implements Servers<Member> {
  readonly mostRetries = MOST_RETRIES;
  readonly #pooled: Pooled<Member>;
  readonly #workers: readonly Known[];
  #waiting: (() => void)[] = [];

  constructor(pooled: Pooled<Member>, workers: readonly Known[]) {
    this.#pooled = pooled;
    this.#workers = workers;
    this.changed();
  }

  /** Told when a worker comes or goes. */
  changed(): void {
    for (const { url, state } of this.#workers) this.#pooled.there(url, state === 'ready');
    for (const tell of this.#waiting.splice(0)) tell();
  }

  elsewhere(failed: ReadonlySet<Member>): boolean {
    return this.#pooled.elsewhere(failed);
  }

  finished(program: number): void {
    this.#pooled.finished(program);
  }

  async send(...[parcel, failed, cancelled]: Parameters<Servers<Member>['send']>): Promise<Trip<Member>> {
    for (;;) {
      try {
        return this.#told(await this.#pooled.send(parcel, failed));
      } catch (reason) {
        if (!hasCode(reason, 'BACKPRESSURE') || parcel.ttftLimitMs > 0) throw reason;
        if (this.#workers.some(({ state }) => state === 'ready')) throw reason; // it is busy
      }
      const [first] = this.#workers.map(({ failure }) => failure);
      if (first && this.#workers.every(({ state }) => state === 'failed')) throw first;
      await this.#change(cancelled);
      if (cancelled.aborted) throw new BanyanError('ABORTED', 'The request was aborted');
    }
  }

  #told(trip: Trip<Member>): Trip<Member> {
    const worker = this.#workers.find(({ url }) => url === trip.member.url);
    return {
      ...trip,
      answered: () => {
        worker?.answered();
        trip.answered();
      },
    };
  }

  async #change(cancelled: AbortSignal): Promise<void> {
    const alive = setInterval(() => {}, 60_000); // who waits for a worker keeps the process alive
    let forget = () => {};
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      forget = onAbort(cancelled, resolve);
      if (cancelled.aborted) resolve();
    });
    forget();
    clearInterval(alive);
  }
}
