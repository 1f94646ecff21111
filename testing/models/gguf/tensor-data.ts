import { RandomStream } from './random-stream.js';

export type TensorType = 'F32' | 'F16' | 'Q8_0' | 'I64';

export const TENSOR_TYPE_ID: Record<TensorType, number> = { F32: 0, F16: 1, Q8_0: 8, I64: 27 };

/** What a tensor holds: zero-mean uniform noise of a standard deviation, or given values (F32 and I64, which has no noise). */
export type TensorInit = { std: number } | { values: (index: number) => number };

const BLOCK = 32; // Q8_0: one f16 scale and 32 int8 quants
const BLOCK_BYTES = 34;
const CHUNK = 1 << 18; // elements drawn at once: bounds the memory of a large model

export function tensorBytes(type: TensorType, elements: number): number {
  if (type === 'Q8_0') return (elements / BLOCK) * BLOCK_BYTES;
  return elements * { I64: 8, F32: 4, F16: 2 }[type];
}

/** The tensor's bytes in pieces, never the whole of it. */
export function* tensorChunks(key: string, type: TensorType, elements: number, init: TensorInit): Generator<Buffer> {
  const random = new RandomStream(key);
  for (let first = 0; first < elements; first += CHUNK) {
    const count = Math.min(CHUNK, elements - first);
    if ('values' in init) yield (type === 'I64' ? longs : floats)(count, (i) => init.values(first + i));
    else if (type === 'Q8_0') yield quants(random, count, init.std);
    else {
      const words = new Uint32Array(count);
      random.fill(words);
      const width = init.std * Math.sqrt(12); // of a uniform distribution with this deviation
      const draw = (i: number) => ((words[i] as number) / 2 ** 32 - 0.5) * width;
      yield type === 'F32' ? floats(count, draw) : halves(count, draw);
    }
  }
}

function floats(count: number, value: (i: number) => number): Buffer {
  const out = Buffer.allocUnsafe(count * 4);
  for (let i = 0; i < count; i++) out.writeFloatLE(value(i), i * 4);
  return out;
}

function longs(count: number, value: (i: number) => number): Buffer {
  const out = Buffer.allocUnsafe(count * 8);
  for (let i = 0; i < count; i++) out.writeBigInt64LE(BigInt(value(i)), i * 8);
  return out;
}

function halves(count: number, value: (i: number) => number): Buffer {
  const out = Buffer.allocUnsafe(count * 2);
  for (let i = 0; i < count; i++) out.writeUInt16LE(toHalf(value(i)), i * 2);
  return out;
}

/** Random int8 quants under one constant scale: uniform noise without quantising anything. */
function quants(random: RandomStream, count: number, std: number): Buffer {
  const words = new Uint32Array(count / 4);
  random.fill(words);
  const bytes = Buffer.from(words.buffer);
  const out = Buffer.allocUnsafe((count / BLOCK) * BLOCK_BYTES);
  const scale = toHalf((std * Math.sqrt(12)) / 256);
  for (let block = 0; block * BLOCK < count; block++) {
    out.writeUInt16LE(scale, block * BLOCK_BYTES);
    bytes.copy(out, block * BLOCK_BYTES + 2, block * BLOCK, (block + 1) * BLOCK);
  }
  return out;
}

const bits = new DataView(new ArrayBuffer(4));

/** IEEE half, rounded to nearest; subnormal results become zero, which random weights never need. */
function toHalf(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0) + 0x1000;
  const exponent = ((word >>> 23) & 0xff) - 112;
  const sign = (word >>> 16) & 0x8000;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7c00;
  return sign | (exponent << 10) | ((word >>> 13) & 0x3ff);
}
