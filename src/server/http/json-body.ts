import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';
import { JsonThread, type ParsedBytes } from './json-thread.js';

const DEEPEST = 256;

/** Bytes of a body that is parsed on this thread: in about ten milliseconds at most. */
const SHORT = 2 ** 20;

const thread = new JsonThread();

/**
 * The JSON value of a request's body of at most `most` bytes; of more than 1 MiB it is parsed on another thread. Throws HttpError:
 * 413 when it is larger, 400 when it is no UTF-8, no JSON, or nested deeper than 256 levels.
 */
export async function jsonBody(request: IncomingMessage, most: number): Promise<unknown> {
  const bytes = await bodyBytes(request, most);
  const parsed = bytes.length > SHORT ? await thread.parse(bytes, DEEPEST) : parsedHere(bytes);
  if ('problem' in parsed) throw new HttpError(400, 'invalid_json', parsed.problem);
  return parsed.value;
}

function parsedHere(bytes: Uint8Array): ParsedBytes {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return { problem: 'The body is no UTF-8' };
  }
  if (nesting(text) > DEEPEST) return { problem: `The body is nested deeper than ${DEEPEST} levels` };
  try {
    return { value: JSON.parse(text) };
  } catch (reason) {
    return { problem: `The body is no JSON: ${(reason as Error).message}` };
  }
}

async function bodyBytes(request: IncomingMessage, most: number): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  const pieces: Buffer[] = [];
  let size = 0;
  // What is left of a body that is too large is read and thrown away: a client hears the answer when it has said all.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) throw tooLarge(most);
    pieces.push(piece);
  }
  const bytes = new Uint8Array(size); // its own memory, which can be given to another thread
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

const tooLarge = (most: number) => new HttpError(413, 'request_too_large', `The body is larger than ${most} bytes`);

/** Deepest nesting of brackets outside strings. Linear, and without a stack: what comes after may recurse. */
function nesting(text: string): number {
  let [depth, deepest] = [0, 0];
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === 92) at++;
      else if (unit === 34) inString = false;
    } else if (unit === 34) inString = true;
    else if (unit === 91 || unit === 123) deepest = Math.max(deepest, ++depth);
    else if (unit === 93 || unit === 125) depth--;
  }
  return deepest;
}
