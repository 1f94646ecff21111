import { randomBytes } from 'node:crypto';

/** What the server-sent events of a growing text have in common: all but the text itself, so that a token costs only its own. */
export interface EventFrame {
  /** Up to the text, its opening quote included. */
  readonly before: string;
  /** From the closing quote on. */
  readonly after: string;
  /** Are both ASCII? */
  readonly ascii: boolean;
}

/** Stands for the text while a frame is made. Of characters that JSON leaves alone, and found nowhere else. */
const TEXT = `text-${randomBytes(16).toString('hex')}`;

/** The frame of events of the given data, which has `text` at one place, with a name or without one. */
export function eventFrame(data: (text: string) => object, event?: string): EventFrame {
  const json = JSON.stringify(data(TEXT));
  const at = json.indexOf(TEXT);
  const before = `${event === undefined ? '' : `event: ${event}\n`}data: ${json.slice(0, at)}`;
  return toFrame(before, `${json.slice(at + TEXT.length)}\n\n`);
}

/** A frame of its two parts. */
export function toFrame(before: string, after: string): EventFrame {
  return { before, after, ascii: isAscii(before) && isAscii(after) };
}

/** A text as it stands between the quotes of JSON. */
export function inJson(text: string): string {
  return isPlain(text) ? text : JSON.stringify(text).slice(1, -1);
}

/** Is it ASCII that JSON leaves as it is? A loop is cheaper than an expression: a token's text is short. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** Has it as many bytes as characters? */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
