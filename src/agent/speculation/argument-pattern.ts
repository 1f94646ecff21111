import { type Fields, fromFields } from './fields.js';
import type { PastView } from './past-view.js';

/** Places that are remembered of one argument. */
const MOST_PLACES = 8;

/** Of each argument the places where its value was found, with weights: 1 for each time, halved when another value stood there. */
type Weights = Map<string, Map<string, number>>;

/** Where the arguments of a call come from, learnt from calls that had the same ones. */
export class ArgumentPattern {
  readonly #arguments: Weights;

  /** `weights`: of `entries()`. */
  constructor(weights: Weights = new Map()) {
    this.#arguments = weights;
  }

  /** Fields of the arguments that it foretells; undefined: a place is empty. */
  fields(view: PastView): Fields | undefined {
    const fields = new Map<string, string>();
    for (const [path, places] of this.#arguments) {
      const text = view.at(heaviest(places));
      if (text === undefined) return undefined;
      fields.set(path, text);
    }
    return fields;
  }

  /** Arguments that it foretells; undefined: none. */
  input(view: PastView): object | undefined {
    const fields = this.fields(view);
    const value = fields && fromFields(fields);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  }

  /** The arguments were these. */
  learn(fields: Fields, view: PastView): void {
    for (const [path, text] of fields) {
      const places = this.#arguments.get(path) ?? new Map<string, number>();
      this.#arguments.set(path, places);
      for (const [place, weight] of places) places.set(place, view.at(place) === text ? weight + 1 : weight / 2);
      for (const place of view.placesOf(text)) if (!places.has(place)) places.set(place, 1);
      const light = [...places].sort(([, a], [, b]) => b - a).slice(MOST_PLACES);
      for (const [place] of light) places.delete(place);
    }
  }

  /** Characters that it keeps, about. */
  get size(): number {
    let size = 0;
    for (const [path, places] of this.#arguments) {
      size += path.length;
      for (const place of places.keys()) size += place.length + 8;
    }
    return size;
  }

  /** As JSON has it: of each path its places and weights. */
  entries(): [path: string, places: [place: string, weight: number][]][] {
    return [...this.#arguments].map(([path, places]) => [path, [...places]]);
  }
}

/** The first of equals: places come in order of likelihood. */
function heaviest(places: ReadonlyMap<string, number>): string {
  let best = '';
  let most = 0;
  for (const [place, weight] of places) if (weight > most) [best, most] = [place, weight];
  return best;
}
