import { type Binding, loadBinding } from './binding.js';
import type { NativeOptions, NumberRange } from './option-kinds.js';

/** The addon's, which no range comes without. */
let limits: Binding['limits'] | undefined;

/** The range of a number as the addon enforces it. Throws NO_NATIVE_ENGINE. */
export function nativeRange(options: NativeOptions, name: string): NumberRange {
  const limit = limitOf(options, name);
  if (limit?.kind !== 'number') throw new Error(`the addon has no range for ${options}.${name}`);
  return limit;
}

/** What the addon says of an option; undefined: it has none of that name. */
export function limitOf(options: NativeOptions, name: string): OptionLimit | undefined {
  limits ??= loadBinding().limits;
  const [first = '', ...inner] = options.split('.');
  let within = limits[first];
  for (const key of inner) {
    const limit = within?.[key];
    within = limit?.kind === 'options' ? limit.options : undefined;
  }
  return within?.[name];
}

type OptionLimit = Binding['limits'][string][string];
