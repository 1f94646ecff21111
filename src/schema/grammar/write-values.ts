import { literal, type RuleBook, type Way } from './rule-book.js';

/** Values letter by letter: what several begin with is written once, so that one place is kept open, not thousands. */
export function writeValues(book: RuleBook, values: readonly unknown[]): Way[] {
  const texts = values.map((value) => JSON.stringify(value)).sort((a, b) => (a < b ? -1 : 1));
  return waysOf(book, texts, 0, texts.length, 0);
}

/** Of the sorted texts from `begin` to `end`, which are equal up to `at`. */
function waysOf(book: RuleBook, texts: readonly string[], begin: number, end: number, at: number): Way[] {
  const ways: Way[] = [];
  for (let from = begin; from < end; ) {
    const first = texts[from] ?? '';
    const code = first.codePointAt(at);
    let to = from + 1;
    while (to < end && texts[to]?.codePointAt(at) === code) to++;
    if (to === from + 1) {
      ways.push({ text: literal(first.slice(at)), needs: [] });
    } else {
      const next = sharedLength(first, texts[to - 1] ?? '', at);
      const rest = book.add(waysOf(book, texts, from, to, next));
      ways.push({ text: `${literal(first.slice(at, next))} ${rest}`, needs: [rest] });
    }
    from = to;
  }
  return ways;
}

/** How far two texts are equal, in whole characters. */
function sharedLength(a: string, b: string, from: number): number {
  let at = from;
  while (at < a.length && a.codePointAt(at) === b.codePointAt(at)) at += (a.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}
