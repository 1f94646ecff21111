import { BrokenCircuitError } from 'cockatiel';
import { BanyanError } from '../../kit/errors.js';
import { PREFILL_MS } from '../../pool/pace.js';
import { type Errand, Place } from '../../pool/place.js';
import { Pool } from '../../pool/pool.js';
import type { ServerStats } from '../server-stats.js';
import { WireFailure } from '../token/transport.js';
import { Health } from './health.js';
import type { FarServer, Parcel, Servers, Trip } from './trip.js';

/** One server: how it is reached, what is known of it, whether it is well, what it did. */
interface Stop<One extends FarServer> {
  readonly member: One;
  readonly place: Place;
  readonly health: Health;
  readonly counts: Counts;
}

/** Sums of one server; see ServerStats. */
interface Counts {
  sent: number;
  answered: number;
  failed: number;
  busy: number;
  promptTokens: number;
  cachedTokens: number | null;
  outputTokens: number;
  /** Of first tokens, all together. */
  ttftMs: number;
}

/** Servers of one model: each request goes where its first token is expected soonest, past those that are not well. */
export class Pooled<One extends FarServer> implements Servers<One> {
  readonly #stops: readonly Stop<One>[];
  readonly #pool: Pool;

  /** `restMs`: how long a server that fails is left alone, where there are others; undefined: never. */
  constructor(members: readonly One[], restMs: number | undefined) {
    this.#stops = members.map((member) => ({
      member,
      place: new Place(),
      health: new Health(members.length > 1 ? restMs : undefined, member.probe?.bind(member)),
      counts: {
        ...{ sent: 0, answered: 0, failed: 0, busy: 0 },
        ...{ promptTokens: 0, cachedTokens: null, outputTokens: 0, ttftMs: 0 },
      },
    }));
    this.#pool = new Pool(this.#stops.map(({ place }) => place));
  }

  /** A program asks no more. */
  finished(program: number): void {
    this.#pool.finished(program);
  }

  /** What started the servers of that address says whether they are there; `drain()` is another matter, and holds meanwhile. */
  there(url: string, there: boolean): void {
    for (const { member, place } of this.#stops) if (member.url === url) place.away = !there;
  }

  /** Sends nothing new to the servers of that address, or does so again; what resolves once nothing is under way there. */
  async drain(url: string, draining: boolean): Promise<void> {
    const stops = this.#stops.filter(({ member }) => member.url === url);
    if (stops.length === 0) throw new BanyanError('INVALID_OPTION', `There is no server ${url}`, { field: 'url' });
    for (const { place } of stops) place.draining = draining;
    if (draining) await Promise.all(stops.map(({ place }) => place.idle()));
  }

  stats(): ServerStats[] {
    const now = performance.now();
    return this.#stops.map((stop) => {
      const { member, place, counts } = stop;
      const { inFlight, queued: queuedTokens, prefillMs = PREFILL_MS, knownPages } = place;
      const known = { inFlight, queuedTokens, prefillMs, knownPages };
      const ttftMs = counts.answered === 0 ? 0 : counts.ttftMs / counts.answered;
      return { url: member.url, dialect: member.dialect.name, state: stateOf(stop, now), ...known, ...counts, ttftMs };
    });
  }

  send(parcel: Parcel, failed: ReadonlySet<One>): Trip<One> {
    const now = performance.now();
    const open = (index: number) => stateOf(this.#at(index), now) === 'ready';
    const fresh = (index: number) => open(index) && !failed.has(this.#at(index).member);
    const last = [...failed].at(-1);
    const older = (index: number) => open(index) && this.#at(index).member !== last;
    const among = [fresh, older, open].find((usable) => this.#stops.some((_, index) => usable(index)));
    const choice = among && this.#pool.choose(parcel, among, now);
    if (!choice) throw this.#refusal(now);
    const { keys, promptTokens, ttftLimitMs } = parcel;
    if (ttftLimitMs > 0 && choice.expectedMs > ttftLimitMs) {
      const retryAfter = Math.max(1, choice.expectedMs - ttftLimitMs);
      throw new BanyanError('BACKPRESSURE', 'No server is expected to answer within ttftLimitMs', { retryAfter });
    }
    const stop = this.#at(choice.index);
    stop.counts.sent++;
    return tripTo(stop, stop.place.begin({ keys, promptTokens }, now));
  }

  elsewhere(failed: ReadonlySet<One>): boolean {
    const now = performance.now();
    return this.#stops.some((stop) => stateOf(stop, now) === 'ready' && !failed.has(stop.member));
  }

  close(): void {
    for (const { health } of this.#stops) health.close();
  }

  #at(index: number): Stop<One> {
    return this.#stops[index] as Stop<One>;
  }

  /** All of them drain, rest, or asked to be left alone. */
  #refusal(now: number): BanyanError {
    const waits = this.#stops.map(({ place, health }) => Math.max(place.pausedUntil - now, health.leftMs(now)));
    const retryAfter = Math.max(1, Math.min(...waits));
    return new BanyanError('BACKPRESSURE', 'No server takes a request now', { retryAfter });
  }
}

function tripTo<One extends FarServer>(stop: Stop<One>, errand: Errand): Trip<One> {
  const { member, place, health, counts } = stop;
  return {
    member,
    guard: (run) => guarded(stop, errand, run),
    answered: () => {
      if (errand.answering) return;
      const now = performance.now();
      place.answered(errand, now);
      health.answered();
      counts.answered++;
      counts.ttftMs += now - errand.began;
    },
    ended: (failure, { prompt = errand.promptTokens, cached, output }) => {
      const hits = cached === null ? null : Math.min(cached, prompt);
      // Pages are counted in tokens of the parcel, which may be estimated.
      const there = hits === null ? null : (hits * errand.promptTokens) / Math.max(1, prompt);
      const now = performance.now();
      place.end(errand, there, now);
      counts.outputTokens += output;
      if (!failure) {
        counts.promptTokens += prompt;
        if (hits !== null) counts.cachedTokens = (counts.cachedTokens ?? 0) + hits;
      } else if (failure.kind === 'busy') {
        counts.busy++;
        place.pausedUntil = Math.max(place.pausedUntil, now + failure.retryAfterMs);
      } else {
        counts.failed++;
        if (failure.kind === 'broken') place.lost();
      }
    },
  };
}

async function guarded<Result>(
  { health, place }: Stop<FarServer>,
  errand: Errand,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await health.guard(run);
  } catch (reason) {
    if (!(reason instanceof BrokenCircuitError)) throw reason;
    place.end(errand, null, performance.now()); // it never went
    throw new WireFailure('busy', 'is left alone for a while', 0, reason);
  }
}

function stateOf({ place, health }: Stop<FarServer>, now: number): ServerStats['state'] {
  if (place.draining || place.away) return 'draining';
  if (health.resting) return 'resting';
  return now < place.pausedUntil ? 'paused' : 'ready';
}
