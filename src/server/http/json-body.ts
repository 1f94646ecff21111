import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.js';

const DEEPEST = 256;

/**
 * The JSON value of a request's body of at most `most` bytes. Throws HttpError: 413 when it is larger, 400 when it is no
 * UTF-8, no JSON, or nested deeper than 256 levels.
 */
export async function jsonBody(request: IncomingMessage, most: number): Promise<unknown> {
  const text = await bodyText(request, most);
  if (nesting(text) > DEEPEST) {
    throw new HttpError(400, 'invalid_json', `The body is nested deeper than ${DEEPEST} levels`);
  }
  try {
    return JSON.parse(text);
  } catch (reason) {
    throw new HttpError(400, 'invalid_json', `The body is no JSON: ${(reason as Error).message}`);
  }
}

async function bodyText(request: IncomingMessage, most: number): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  const pieces: Buffer[] = [];
  let size = 0;
  // What is left of a body that is too large is read and thrown away: a client hears the answer when it has said all.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > most) throw tooLarge(most);
    pieces.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces));
  } catch {
    throw new HttpError(400, 'invalid_json', 'The body is no UTF-8');
  }
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
