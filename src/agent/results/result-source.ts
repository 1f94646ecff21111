import { Readable } from 'node:stream';
import { bytesOf, bytesValue, MOST_BYTES } from './result-bytes.js';

/** Items that are taken of an async iterable. */
const MOST_ITEMS = 10_000;

/**
 * What a tool returned as one value: a Response, a stream or an async iterable is read to its end, bytes that are text become
 * text. In a box: to resolve with the value itself would look for its `then`, which may throw. Rejects when the source does.
 */
export async function wholeResult(returned: unknown): Promise<{ value: unknown }> {
  const value = isThenable(returned) ? await returned : returned;
  if (typeof value !== 'object' || value === null) return { value };
  const source = readableSource(value);
  return { value: source ? await source() : value };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
  } catch {
    return false;
  }
}

/** How to read what comes piece by piece; undefined: the value is there as it is, or cannot be looked at. */
function readableSource(value: object): (() => unknown) | undefined {
  try {
    const bytes = bytesOf(value);
    if (bytes) return () => bytesValue(bytes);
    if (value instanceof Response) return () => responseFields(value);
    if (value instanceof Blob) return () => blobValue(value);
    return isAsyncIterable(value) ? () => streamed(value) : undefined;
  } catch {
    return undefined;
  }
}

async function responseFields(response: Response): Promise<object> {
  const { status, headers, bodyUsed } = response;
  if (bodyUsed) return { status, body: '[its body was read before]' };
  const body = response.body === null ? '' : await streamed(response.body);
  const isJson = /\bjson\b/.test(headers.get('content-type') ?? '');
  return { status, body: isJson && typeof body === 'string' ? parsedOr(body) : body };
}

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function blobValue(blob: Blob): Promise<unknown> {
  return bytesValue(new Uint8Array(await blob.slice(0, MOST_BYTES).arrayBuffer()), blob.size > MOST_BYTES);
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/** The pieces of a stream joined, whether bytes or text: where they were cut says nothing. Other items are a list. */
async function streamed(source: AsyncIterable<unknown>): Promise<unknown> {
  const items: unknown[] = [];
  let size = 0;
  let more = false;
  for await (const item of source) {
    more = items.length === MOST_ITEMS || size > MOST_BYTES;
    if (more) break; // ends the source
    items.push(item);
    size += sizeOf(item);
  }
  const isStream = source instanceof ReadableStream || (source instanceof Readable && !source.readableObjectMode);
  const pieces = isStream ? items.map(pieceBytes) : [undefined];
  if (pieces.every((piece) => piece !== undefined)) return bytesValue(Buffer.concat(pieces), more);
  return more ? [...items, `[more than ${items.length} items]`] : items;
}

function pieceBytes(item: unknown): Uint8Array | undefined {
  if (typeof item === 'string') return Buffer.from(item);
  return typeof item === 'object' && item !== null ? bytesOf(item) : undefined;
}

function sizeOf(item: unknown): number {
  return typeof item === 'string' ? item.length : (pieceBytes(item)?.length ?? 0);
}
