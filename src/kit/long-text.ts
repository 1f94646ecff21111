import { randomUUID } from 'node:crypto';
import { SLICE, TimeSlices } from './time-slices.js';

/*
 * Long texts on their way to native code. Encoding ten megabytes takes a tenth of a second, so it is done in slices, and
 * the event loop gets its turn between two of them. The caller must not change what it passed meanwhile: strings cannot.
 */

/** What an item of a list costs beside its text, in characters: very many short ones are long too. */
const ITEM = 128;

/** The text itself if it is short, else its UTF-8. */
export async function longText(text: string): Promise<string | Uint8Array> {
  if (text.length <= SLICE) return text;
  const bytes = new SlicedBytes();
  for (const slice of slices(text)) await bytes.write(slice);
  return bytes.all();
}

/** A list as it is if it is short, else its JSON in UTF-8. `size` of an item: about its characters. */
export async function longList<Item>(
  items: readonly Item[],
  size: (item: Item) => number,
  plain: (item: Item) => object,
): Promise<object[] | Uint8Array> {
  let total = 0;
  for (const item of items) total += ITEM + size(item);
  if (total <= SLICE) return items.map(plain);
  const bytes = new SlicedBytes();
  let separator = '[';
  for (const item of items) {
    for (const piece of jsonPieces(plain(item))) {
      await bytes.write(separator + piece, separator === '' ? 0 : ITEM);
      separator = '';
    }
    separator = ',';
  }
  await bytes.write(']');
  return bytes.all();
}

/** JSON.stringify(value) in pieces: its long strings are cut. */
function* jsonPieces(value: object): Generator<string> {
  const mark = randomUUID(); // stands for a long string, and in no text
  const long: string[] = [];
  const frame = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'string' || part.length <= SLICE) return part;
    long.push(part);
    return mark;
  });
  const [first = '', ...rest] = frame.split(mark);
  yield first;
  for (const [index, after] of rest.entries()) {
    for (const slice of slices(long[index] ?? '')) yield JSON.stringify(slice).slice(1, -1);
    yield after;
  }
}

/** No slice ends between the two halves of a character. */
function* slices(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    let to = Math.min(text.length, from + SLICE);
    if (to < text.length && isHighSurrogate(text.charCodeAt(to - 1))) to--;
    yield text.slice(from, to);
    from = to;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Texts encoded one behind the other; every slice's worth of them, others get the thread. */
class SlicedBytes {
  readonly #parts: Buffer[] = [];
  readonly #slices = new TimeSlices();

  /** `more`: characters' worth of work that the text cost beside its encoding. */
  async write(text: string, more = 0): Promise<void> {
    this.#parts.push(Buffer.from(text));
    await this.#slices.after(text.length + more);
  }

  all(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
