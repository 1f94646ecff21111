import { checkName, checkObject, invalidOption } from '../../kit/option-checks.js';

/** Other names of models, by name. `*` in one stands for any characters. */
export type Aliases = Readonly<Record<string, string>>;

/** Throws INVALID_OPTION. */
export function readAliases(field: string, value: unknown): Aliases {
  const entries = Object.entries(checkObject(field, value));
  return Object.fromEntries(entries.map(([alias, name]) => [alias, checkName(`${field}.${alias}`, name)]));
}

/** Which model a name means: its own name, else its alias, else the first pattern that fits. */
export class ModelNames {
  readonly #names: readonly string[];
  readonly #aliases: Aliases;
  readonly #patterns: readonly (readonly [pattern: RegExp, name: string])[];

  /** Throws INVALID_OPTION for an alias of no model. */
  constructor(names: readonly string[], aliases: Aliases) {
    this.#names = names;
    this.#aliases = aliases;
    for (const [alias, name] of Object.entries(aliases)) {
      if (!names.includes(name)) throw invalidOption(`aliases.${alias}`, `one of ${names.join(', ')}`, name);
    }
    const patterns = Object.entries(aliases).filter(([alias]) => alias.includes('*'));
    this.#patterns = patterns.map(([alias, name]) => [toPattern(alias), name]);
  }

  /** Undefined: it means none. */
  find(name: string): string | undefined {
    if (this.#names.includes(name)) return name;
    const alias = Object.hasOwn(this.#aliases, name) ? this.#aliases[name] : undefined;
    return alias ?? this.#patterns.find(([pattern]) => pattern.test(name))?.[1];
  }

  aliasesOf(name: string): string[] {
    return Object.keys(this.#aliases).filter((alias) => this.#aliases[alias] === name);
  }
}

/** Letters, and any number of them for each `*`: a name is short, and no pattern of ours goes back over it. */
function toPattern(alias: string): RegExp {
  const pieces = alias.split(/\*+/).map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pieces.join('.*?')}$`, 's');
}
