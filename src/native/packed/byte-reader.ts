/** Walks the words of one buffer; `at` counts 4-byte words. */
export class ByteReader {
  at = 0;
  readonly words: Int32Array;
  readonly #floats: Float32Array;
  readonly #view: DataView;
  readonly #bytes: Buffer;

  constructor(buffer: Uint8Array) {
    this.words = new Int32Array(buffer.buffer, buffer.byteOffset, buffer.byteLength >> 2);
    this.#floats = new Float32Array(buffer.buffer, buffer.byteOffset, buffer.byteLength >> 2);
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    this.#bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  int(): number {
    return this.words[this.at++] as number;
  }

  float(): number {
    return this.#floats[this.at++] as number;
  }

  /** A copy: a piece of the buffer would keep all of it. */
  floats(count: number): Float32Array {
    this.at += count;
    return this.#floats.slice(this.at - count, this.at);
  }

  double(): number {
    const value = this.#view.getFloat64(this.at * 4, true);
    this.at += 2;
    return value;
  }

  /** An id: 53 bits in two words, low first. */
  id(): number {
    const low = this.int() >>> 0;
    return this.int() * 0x1_0000_0000 + low;
  }

  /** The bytes of the string that comes next, which is not passed. */
  bytesAhead(): number[] {
    const start = (this.at + 1) * 4;
    return [...this.#bytes.subarray(start, start + (this.words[this.at] as number))];
  }

  string(): string {
    const length = this.int();
    const start = this.at * 4;
    this.at += (length + 3) >> 2;
    if (length > 16) return this.#bytes.toString('utf8', start, start + length);
    // A token's text is short and mostly ASCII: cheaper here than through a native call.
    let text = '';
    for (let i = start; i < start + length; i++) {
      const byte = this.#bytes[i] as number;
      if (byte > 0x7f) return this.#bytes.toString('utf8', start, start + length);
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
