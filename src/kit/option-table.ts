import { nativeRange } from '../native/limits.js';
import type { NativeOptions, NumberRange, OptionsOf, OptionTable, Shape } from '../native/option-kinds.js';
import { asBanyanError } from './errors.js';
import {
  checkFlag,
  checkFunction,
  checkName,
  checkNumberIn,
  checkOneOf,
  checkSignal,
  checkText,
  invalidOption,
} from './option-checks.js';
import { readList, readOptions } from './read-options.js';

type NumberShape = Extract<Shape, { kind: 'number' }>;

/** A caller's options, read once and checked by their table; what is inside them is copied. Throws INVALID_OPTION. */
export function readTable<Table extends OptionTable>(
  what: string,
  given: object,
  table: Table,
  prefix = '',
): OptionsOf<Table> {
  const options = readOptions(what, given as Record<string, unknown>, Object.keys(table));
  for (const [name, { shape, required }] of Object.entries(table)) {
    const value = options[name];
    if (value !== undefined || required) options[name] = readOption(prefix + name, name, shape, value);
  }
  return options as OptionsOf<Table>;
}

/** The range of an option's number. Throws NO_NATIVE_ENGINE. */
export function rangeOf(name: string, range: NumberRange | NativeOptions): NumberRange {
  if (typeof range === 'object') return range;
  try {
    return nativeRange(range, name);
  } catch (reason) {
    throw asBanyanError(reason);
  }
}

function readOption(field: string, name: string, shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'number':
      if (shape.word !== undefined && value === shape.word) return value;
      return readNumbers(field, value, rangeOf(name, shape.range), shape);
    case 'flag':
      return checkFlag(field, value);
    case 'word':
      return checkOneOf(field, value, shape.words);
    case 'name':
      return checkName(field, value);
    case 'text':
      return checkText(field, value);
    case 'signal':
      return checkSignal(field, value);
    case 'function':
      return checkFunction(field, value);
    case 'group':
      if (typeof value !== 'object' || value === null) throw invalidOption(field, 'an object', value);
      return readTable(field, value, shape.table, `${field}.`);
    case 'other':
      return shape.read(field, value);
  }
}

function readNumbers(field: string, value: unknown, range: NumberRange, shape: NumberShape): number | number[] {
  if (shape.count === undefined) return checkNumberIn(field, value, range, shape.word);
  const expected = `a list of ${shape.count} numbers`;
  const list = readList(field, value as readonly unknown[], expected);
  if (list.length !== shape.count) throw invalidOption(field, expected, value);
  return list.map((item, index) => checkNumberIn(`${field}[${index}]`, item, range));
}
