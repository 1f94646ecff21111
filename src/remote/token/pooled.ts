import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { BanyanError } from '../../kit/errors.js';
import { type Errand, Place } from '../../pool/place.js';
import { Pool } from '../../pool/pool.js';
import type { WireRequest } from '../dialects/dialect.js';
import type { Member } from './member.js';
import type { Servers, Trip } from './token-call.js';
import { WireFailure } from './transport.js';

/** Failures in a row after which, where there are others, a server is left alone, and for how long; then one request tries it. */
const MOST_FAILURES = 3;
const REST_MS = 5_000;

interface Stop {
  member: Member;
  place: Place;
  breaker: CircuitBreakerPolicy;
  openedAt: number;
}

/** Servers of one model: each request goes where its first token is expected soonest, past those that are not well. */
export class Pooled implements Servers {
  readonly #stops: readonly Stop[];
  readonly #pool: Pool;

  constructor(members: readonly Member[]) {
    this.#stops = members.map((member) =>
      stopAt(member, members.length > 1 ? MOST_FAILURES : Number.POSITIVE_INFINITY),
    );
    this.#pool = new Pool(this.#stops.map(({ place }) => place));
  }

  /** False: there is no such server. `draining`: it gets nothing new. */
  drain(url: string, draining: boolean): boolean {
    const stops = this.#stops.filter(({ member }) => member.url === url);
    for (const { place } of stops) place.draining = draining;
    return stops.length > 0;
  }

  send({ asked, prompt }: Pick<WireRequest, 'asked' | 'prompt'>, failed: ReadonlySet<Member>): Trip {
    const now = performance.now();
    const errand = { tenant: asked.salt, prompt, program: asked.program };
    const fresh = (index: number) => !failed.has(this.#at(index).member);
    const open = (index: number) => isOpen(this.#at(index), now);
    const choice =
      this.#pool.choose(errand, (index) => open(index) && fresh(index), now) ?? this.#pool.choose(errand, open, now);
    if (!choice) throw this.#refusal(now);
    if (asked.ttftLimitMs > 0 && choice.expectedMs > asked.ttftLimitMs) {
      const retryAfter = Math.max(1, choice.expectedMs - asked.ttftLimitMs);
      throw new BanyanError('BACKPRESSURE', 'No server is expected to answer within ttftLimitMs', { retryAfter });
    }
    const stop = this.#at(choice.index);
    const trip = stop.place.begin(choice.keys, prompt.length, now);
    return {
      member: stop.member,
      guard: (run) => guarded(stop, trip, run),
      answered: () => stop.place.answered(trip, performance.now()),
      ended: (failure, cached) => {
        stop.place.end(trip, cached);
        if (failure?.kind === 'broken') stop.place.lost();
        if (failure?.kind === 'busy') stop.place.pausedUntil = performance.now() + failure.retryAfterMs;
      },
    };
  }

  #at(index: number): Stop {
    return this.#stops[index] as Stop;
  }

  /** All of them drain, rest, or asked to be left alone. */
  #refusal(now: number): BanyanError {
    const waits = this.#stops.map(({ place, openedAt }) => Math.max(place.pausedUntil, openedAt + REST_MS) - now);
    const retryAfter = Math.max(1, Math.min(...waits));
    return new BanyanError('BACKPRESSURE', 'No server takes a request now', { retryAfter });
  }
}

async function guarded<Result>({ breaker, place }: Stop, trip: Errand, run: () => Promise<Result>): Promise<Result> {
  try {
    return await breaker.execute(run);
  } catch (reason) {
    if (!(reason instanceof BrokenCircuitError)) throw reason;
    place.end(trip, null); // it never went
    throw new WireFailure('busy', 'is left alone for a while', 0, reason);
  }
}

function stopAt(member: Member, mostFailures: number): Stop {
  const counts = handleWhen((reason) => reason instanceof WireFailure && reason.kind === 'broken');
  const breaker = circuitBreaker(counts, {
    halfOpenAfter: REST_MS,
    breaker: new ConsecutiveBreaker(mostFailures),
  });
  const stop: Stop = { member, place: new Place(), breaker, openedAt: Number.NEGATIVE_INFINITY };
  breaker.onBreak(() => {
    stop.openedAt = performance.now();
  });
  return stop;
}

function isOpen({ place, breaker, openedAt }: Stop, now: number): boolean {
  if (place.draining || now < place.pausedUntil) return false;
  return breaker.state === CircuitState.Closed || (breaker.state === CircuitState.Open && now - openedAt >= REST_MS);
}
