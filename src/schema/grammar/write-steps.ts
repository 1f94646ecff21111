import type { Way } from './rule-book.js';
import { integerWays, numberWays, type Range, wholeBounds } from './write-number.js';

/** So many multiples are written out one by one; of a range with more of them, those nearest to 0 or to its bound. */
const MOST = 2_000;

/** Numbers of a range that `step` divides: all of them where a rule can say it, else a part of them, number by number. */
export function steppedNumbers(step: number, range: Range): { texts: string[] } | { ways: Way[] } {
  const places = -Math.round(Math.log10(step));
  const isPower = Math.abs(step * 10 ** places - 1) < 1e-12;
  if (isPower && places === 0) return { ways: integerWays(range) };
  if (isPower && places > 0 && places <= 12) return { ways: numberWays(range, places) };
  if (isPower && places < 0 && places >= -12) return { ways: tens(step, range) };
  return { texts: multiples(step, range) };
}

function multiples(step: number, { min, max, minOpen, maxOpen }: Range): string[] {
  const decimals = (String(step).split('.')[1] ?? '').length;
  let low = Math.ceil(min / step - 1e-9);
  let high = Math.floor(max / step + 1e-9);
  if (minOpen && low * step <= min) low++;
  if (maxOpen && high * step >= max) high--;
  if (high - low > MOST) {
    [low, high] = [Math.max(low, -MOST / 2), Math.min(high, MOST / 2)];
    if (low > high)
      [low, high] = min > 0 ? [Math.ceil(min / step) + 1, Math.ceil(min / step) + MOST] : [high - MOST, high];
  }
  const texts: string[] = [];
  for (let count = low; count <= high; count++) {
    const text = (count * step).toFixed(Math.min(decimals, 15));
    texts.push(decimals > 0 ? text.replace(/\.?0+$/, '') : text);
  }
  return texts.map((text) => (Number(text) === 0 ? '0' : text));
}

/** Multiples of a power of ten: whole numbers with zeros behind. */
function tens(step: number, range: Range): Way[] {
  const zeros = String(step).slice(1);
  const { min, max } = wholeBounds(range);
  const [low, high] = [Math.ceil(min / step), Math.floor(max / step)];
  const parts = [
    { ...range, minOpen: false, maxOpen: false, min: Math.max(low, 1), max: high },
    { ...range, minOpen: false, maxOpen: false, min: low, max: Math.min(high, -1) },
  ];
  const ways = parts.flatMap(integerWays).map(({ text }) => ({ text: `( ${text} ) "${zeros}"`, needs: [] }));
  return low <= 0 && high >= 0 ? [{ text: '"0"', needs: [] }, ...ways] : ways;
}
