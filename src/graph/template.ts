import { canonicalJson } from '../kit/canonical-json.js';

/** A text with places for what is not known yet. */
export class Template<Place extends object> {
  readonly parts: readonly (string | Place)[];

  constructor(parts: readonly (string | Place)[]) {
    this.parts = parts;
  }

  get places(): readonly Place[] {
    return this.parts.filter((part) => typeof part !== 'string');
  }

  /** The text, with the values in their places. */
  fill(valueFor: (place: Place) => unknown): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : shown(valueFor(part)))).join('');
  }

  /** Its beginning, up to the first place whose value is not known yet. */
  known(valueFor: (place: Place) => unknown): string {
    const end = this.parts.findIndex((part) => typeof part !== 'string' && valueFor(part) === undefined);
    return new Template(end < 0 ? this.parts : this.parts.slice(0, end)).fill(valueFor);
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : canonicalJson(value));
