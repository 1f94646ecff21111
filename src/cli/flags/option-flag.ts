import { InvalidArgumentError, Option } from 'commander';
import { BanyanError } from '../../kit/errors.js';
import { rangeOf, readTable } from '../../kit/option-table.js';
import type { OptionTable } from '../../native/option-kinds.js';

/** A flag for an option of a table: its text must be what the option may be, by the option's own entry. */
export function optionFlag<Table extends OptionTable>(
  table: Table,
  name: keyof Table & string,
  flags: string,
  description: string,
): Option {
  const { shape } = table[name] as Table[string];
  const option = new Option(flags, description);
  if (shape.kind === 'word') return option.choices(shape.words);
  return option.argParser((text: string) => {
    const value = shape.kind === 'number' ? toNumber(text, rangeOf(name, shape.range).whole) : text;
    try {
      return readTable('options', { [name]: value }, table)[name];
    } catch (reason) {
      throw reason instanceof BanyanError ? new InvalidArgumentError(reason.message) : reason;
    }
  });
}

/** What is no plain number stays a text, which no check of a number lets through. */
function toNumber(text: string, whole: boolean): number | string {
  return (whole ? /^-?\d+$/ : /^-?(\d+\.?\d*|\.\d+)(e-?\d+)?$/i).test(text) ? Number(text) : text;
}
