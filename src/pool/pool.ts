import { PREFILL_MS } from './pace.js';
import type { Outlook, Place, PromptPages } from './place.js';

/** A program stays where it is unless another place is sooner by this share of its time, and by so much. */
const SHARE = 0.2;
const STAY_MS = 50;
/** A place that is later than the soonest by no more than this may become the home of a new program. */
const NEAR_MS = 200;
/** Programs whose place is remembered, the latest. */
const MOST_PROGRAMS = 10_000;

/** Where a request goes, and how long its first token takes there, as far as is known. */
export interface Choice {
  index: number;
  expectedMs: number;
}

/** A place that may be asked, and what a request would find there. */
interface Offer extends Outlook {
  readonly index: number;
}

/** Chooses between places: the soonest first token, by what each has cached and has to do. */
export class Pool {
  readonly #places: readonly Place[];
  readonly #homes = new Map<number, number>();
  /** Of each place: programs that are at home there. */
  readonly #residents: number[];
  readonly #random: () => number;

  /** `random`: gives [0, 1), for ties. */
  constructor(places: readonly Place[], random: () => number = Math.random) {
    this.#places = places;
    this.#residents = places.map(() => 0);
    this.#random = random;
  }

  /** `program` 0: none. `usable`: places that may be asked; undefined: none may. */
  choose(
    asked: PromptPages & { program: number },
    usable: (index: number) => boolean,
    now: number,
  ): Choice | undefined {
    const otherwise = this.#usualMs();
    const weight = 1 + this.#busyShare();
    const offers = this.#places.flatMap((place, index) =>
      usable(index) ? [{ index, ...place.outlook(asked, now, otherwise, weight) }] : [],
    );
    const [first] = offers;
    if (!first) return undefined;
    const least = offers.reduce((best, one) => (one.scoreMs < best.scoreMs ? one : best), first);
    const { index, firstTokenMs } = this.#placeOf(asked.program, offers, least);
    if (asked.program !== 0) this.#remember(asked.program, index);
    return { index, expectedMs: firstTokenMs };
  }

  /** It asks no more: it is at home nowhere. */
  finished(program: number): void {
    const home = this.#homes.get(program);
    if (home === undefined) return;
    this.#homes.delete(program);
    this.#residents[home] = (this.#residents[home] ?? 0) - 1;
  }

  #placeOf(program: number, offers: readonly Offer[], least: Offer): Offer {
    const near = (ms: number) => this.#lightest(offers.filter((one) => one.scoreMs - least.scoreMs <= ms));
    if (program === 0) return near(0);
    const home = offers.find(({ index }) => index === this.#homes.get(program));
    if (!home) return near(Math.max(SHARE * least.scoreMs, NEAR_MS));
    // A home is where more of the prompt is cached. One operator of a graph shares nothing with the one before it but the program.
    if (home.cached <= least.cached) return near(0);
    return home.scoreMs - least.scoreMs <= Math.max(SHARE * home.scoreMs, STAY_MS) ? home : near(STAY_MS);
  }

  /** What is computed delays those behind it: the more, the more places compute prompts. So a cached token counts for more in a rush. */
  #busyShare(): number {
    return this.#places.filter(({ busy }) => busy).length / this.#places.length;
  }

  /** A prompt token in the mean of places that were measured: a place that was not is no slower, or it would never be asked. */
  #usualMs(): number {
    const measured = this.#places.flatMap(({ prefillMs }) => prefillMs ?? []);
    return measured.length === 0 ? PREFILL_MS : measured.reduce((sum, ms) => sum + ms, 0) / measured.length;
  }

  /** Of these, one or more: where the fewest programs are at home, of equal ones the soonest, and of equally soon ones that with fewer tokens under way, of two that are drawn. */
  #lightest(among: readonly Offer[]): Offer {
    const homes = ({ index }: Offer) => this.#residents[index] ?? 0;
    const equal = leastBy(leastBy(among, homes), ({ scoreMs }) => scoreMs);
    const draw = () => equal[Math.floor(this.#random() * equal.length)] as Offer;
    const [one, other] = [draw(), draw()];
    const tokens = ({ index }: Offer) => this.#places[index]?.tokensInFlight ?? 0;
    return tokens(other) < tokens(one) ? other : one;
  }

  #remember(program: number, index: number): void {
    this.finished(program); // the latest last
    this.#homes.set(program, index);
    this.#residents[index] = (this.#residents[index] ?? 0) + 1;
    for (const oldest of this.#homes.keys()) {
      if (this.#homes.size <= MOST_PROGRAMS) break;
      this.finished(oldest);
    }
  }
}

function leastBy<One>(among: readonly One[], by: (one: One) => number): One[] {
  const least = Math.min(...among.map(by));
  return among.filter((one) => by(one) === least);
}
