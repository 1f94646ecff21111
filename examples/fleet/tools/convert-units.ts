import { defineTool } from 'banyan';
import { convert, type Unit } from 'convert';
import { type TextLimits, textField } from './text-field.js';

/** Speeds are a length a time; the library knows the two, not their ratio. */
const SPEEDS: Record<string, [length: Unit, time: Unit]> = {
  'km/h': ['km', 'hour'],
  kmh: ['km', 'hour'],
  'kilometres per hour': ['km', 'hour'],
  mph: ['mile', 'hour'],
  'miles per hour': ['mile', 'hour'],
  'm/s': ['m', 'second'],
  'metres per second': ['m', 'second'],
  knots: ['nautical mile', 'hour'],
};

export function convertUnitsTool(limits: TextLimits) {
  return defineTool({
    name: 'convert_units',
    description: 'Convert a value between units',
    input: {
      type: 'object',
      properties: { value: { type: 'number' }, from: textField(limits), to: textField(limits) },
      required: ['value', 'from', 'to'],
    },
    execute: (input) => {
      const { value, from, to } = input as { value: number; from: string; to: string };
      return { result: Number(convertUnits(value, from, to).toPrecision(6)) };
    },
  });
}

/** Throws when a unit is unknown or the two measure different things. */
export function convertUnits(value: number, from: string, to: string): number {
  const [source, target] = [SPEEDS[from.toLowerCase()], SPEEDS[to.toLowerCase()]];
  if (!source || !target) return convert(value, unit(from)).to(unit(to));
  return (value * convert(1, source[0]).to(target[0] as 'm')) / convert(1, source[1]).to(target[1] as 'second');
}

/** As written (kB is not KB), else in lower case ("Celsius", "Miles"). */
function unit(name: string): 'm' {
  const trimmed = name.trim().replace(/^degrees? /i, '');
  const known = [trimmed, trimmed.toLowerCase()].find((candidate) => isUnit(candidate));
  if (known === undefined) throw new Error(`unknown unit "${trimmed}"`);
  return known as 'm';
}

function isUnit(name: string): boolean {
  try {
    convert(1, name as 'm').to(name as 'm');
    return true;
  } catch {
    return false;
  }
}
