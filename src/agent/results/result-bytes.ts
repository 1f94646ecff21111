import { types } from 'node:util';

/** Bytes that are looked at of one result. */
export const MOST_BYTES = 1 << 20;

/** The memory of a Buffer, Uint8Array, DataView or ArrayBuffer; undefined for everything else. */
export function bytesOf(value: object): Uint8Array | undefined {
  if (types.isUint8Array(value)) return value;
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  if (types.isDataView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

/**
 * Text when the bytes are text: what programs and files write comes as bytes. Else how many they are, and in base64.
 * `more`: there were others behind them.
 */
export function bytesValue(bytes: Uint8Array, more = bytes.length > MOST_BYTES): unknown {
  const seen = bytes.subarray(0, MOST_BYTES);
  const text = textOf(seen, more);
  if (text !== undefined)
    return more
      ? `${text}
[cut: the first ${seen.length} bytes]`
      : text;
  const base64 = Buffer.from(seen.buffer, seen.byteOffset, seen.length).toString('base64');
  return { base64, bytes: more ? `more than ${seen.length}` : bytes.length };
}

/** Undefined: it is no text. The last character of a cut one may be half. */
function textOf(bytes: Uint8Array, cut: boolean): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
    return hasControls(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Characters that no text has: C0 controls but tab, line breaks and escape. */
function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 32 && code !== 9 && code !== 10 && code !== 13 && code !== 27) return true;
  }
  return false;
}
