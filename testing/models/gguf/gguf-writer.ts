import { closeSync, openSync, writeSync } from 'node:fs';
import { TENSOR_TYPE_ID, type TensorInit, type TensorType, tensorBytes, tensorChunks } from './tensor-data.js';

/** A metadata value with its GGUF type, which JavaScript alone cannot tell. */
export type Metadata =
  | { u16: number }
  | { u32: number }
  | { i32: number }
  | { u64: bigint }
  | { f32: number }
  | { bool: boolean }
  | { text: string }
  | { texts: string[] }
  | { i32s: number[] };

export interface Tensor {
  name: string;
  shape: number[]; // innermost first, as ggml's ne
  type: TensorType;
  init: TensorInit;
}

const ALIGNMENT = 32;
const TYPE = { u16: 2, u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9, u64: 10 } as const;

export const align = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

/** Streams a GGUF v3 file: header, metadata, tensor directory, then the data in pieces. */
export function writeGguf(path: string, metadata: Map<string, Metadata>, tensors: Tensor[], seed: number): void {
  const file = openSync(path, 'w');
  try {
    writeSync(file, ggufHeader(metadata, tensors));
    for (const tensor of tensors) {
      const elements = count(tensor.shape);
      for (const chunk of tensorChunks(`${seed}/${tensor.name}`, tensor.type, elements, tensor.init))
        writeSync(file, chunk);
      const size = tensorBytes(tensor.type, elements);
      writeSync(file, Buffer.alloc(align(size) - size));
    }
  } finally {
    closeSync(file);
  }
}

/** Everything before the tensor data, padded to the alignment. */
export function ggufHeader(metadata: Map<string, Metadata>, tensors: Tensor[]): Buffer {
  const parts = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(text(key), ...encode(value));
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(TENSOR_TYPE_ID[type]), u64(offset));
    offset += align(tensorBytes(type, count(shape)));
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(align(header.length) - header.length)]);
}

const count = (shape: number[]): number => shape.reduce((product, size) => product * size, 1);

function encode(value: Metadata): Buffer[] {
  if ('u16' in value) return [u32(TYPE.u16), u32(value.u16).subarray(0, 2)];
  if ('u32' in value) return [u32(TYPE.u32), u32(value.u32)];
  if ('i32' in value) return [u32(TYPE.i32), i32(value.i32)];
  if ('u64' in value) return [u32(TYPE.u64), u64(value.u64)];
  if ('f32' in value) return [u32(TYPE.f32), f32(value.f32)];
  if ('bool' in value) return [u32(TYPE.bool), Buffer.from([Number(value.bool)])];
  if ('text' in value) return [u32(TYPE.text), text(value.text)];
  if ('texts' in value)
    return [u32(TYPE.array), u32(TYPE.text), u64(value.texts.length), ...value.texts.map((item) => text(item))];
  return [u32(TYPE.array), u32(TYPE.i32), u64(value.i32s.length), ...value.i32s.map(i32)];
}

function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

function i32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeInt32LE(value);
  return out;
}

function f32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeFloatLE(value);
  return out;
}

function u64(value: number | bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(value));
  return out;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}
