import type { Complete, OptionsOf, OptionTable } from '../native/option-kinds.js';
import { rangeOf } from './option-table.js';

/** All options of a table: what was given, else its default, else what stands for a number that was left out. */
export function complete<Table extends OptionTable>(table: Table, options: OptionsOf<Table>): Complete<Table> {
  const fields = Object.entries(table).map(([name, { shape, fallback }]) => {
    const given = Object.hasOwn(options, name) ? options[name as keyof Table] : undefined;
    const value = given ?? fallback;
    const leftOut = value === undefined || (shape.kind === 'number' && value === shape.word);
    return [name, leftOut && shape.kind === 'number' ? rangeOf(name, shape.range).none : value];
  });
  return Object.fromEntries(fields) as Complete<Table>;
}
