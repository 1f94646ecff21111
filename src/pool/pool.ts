import { PREFILL_MS } from './pace.js';
import type { Place } from './place.js';

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

  /** `keys`: of the prompt's full pages. `program` 0: none. `usable`: places that may be asked; undefined: none may. */
  choose(
    { keys, promptTokens, program }: { keys: readonly number[]; promptTokens: number; program: number },
    usable: (index: number) => boolean,
    now: number,
  ): Choice | undefined {
    const otherwise = this.#usualMs();
    const weight = 1 + this.#busyShare();
    const scores = this.#places.flatMap((place, index) =>
      usable(index) ? [{ index, ms: place.score(keys, promptTokens, now, otherwise, weight) }] : [],
    );
    const [first] = scores;
    if (!first) return undefined;
    const least = scores.reduce((best, one) => (one.ms < best.ms ? one : best), first);
    const home = program === 0 ? undefined : scores.find(({ index }) => index === this.#homes.get(program));
    const stays = home && home.ms - least.ms <= Math.max(SHARE * home.ms, STAY_MS);
    // It goes, of those that are near, to where the fewest are at home. One that leaves its home wants one of the soonest.
    const near = home ? STAY_MS : Math.max(SHARE * least.ms, NEAR_MS);
    const slack = program === 0 ? 0 : near;
    const { index } = stays
      ? home
      : this.#lighter(
          scores.filter((one) => one.ms - least.ms <= slack),
          least,
        );
    if (program !== 0) this.#remember(program, index);
    const expectedMs = this.#places[index]?.firstTokenMs(keys, promptTokens, now, otherwise) ?? 0;
    return { index, expectedMs };
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

  /** The one with the fewest programs at home; of equal ones the one with fewer tokens under way, of two that were drawn. */
  #lighter<Score extends { index: number }>(among: readonly Score[], least: Score): Score {
    const homes = ({ index }: Score) => this.#residents[index] ?? 0;
    const fewest = Math.min(...among.map(homes));
    const equal = among.filter((one) => homes(one) === fewest);
    const draw = () => equal[Math.floor(this.#random() * equal.length)] ?? least;
    const [one, other] = [draw(), draw()];
    const load = ({ index }: Score) => this.#places[index]?.tokensInFlight ?? 0;
    return load(other) < load(one) ? other : one;
  }

  #remember(program: number, index: number): void {
    this.#leave(program); // the latest last
    this.#homes.set(program, index);
    this.#residents[index] = (this.#residents[index] ?? 0) + 1;
    for (const oldest of this.#homes.keys()) {
      if (this.#homes.size <= MOST_PROGRAMS) break;
      this.#leave(oldest);
    }
  }

  #leave(program: number): void {
    const home = this.#homes.get(program);
    if (home === undefined) return;
    this.#homes.delete(program);
    this.#residents[home] = (this.#residents[home] ?? 0) - 1;
  }
}
