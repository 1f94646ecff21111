import type { TensorInit } from './tensor-data.js';

/** Takes the tensors of a block, in file order. */
export interface TensorSink {
  vector(name: string, size: number, init?: TensorInit): void;
  /** Of the model's type. */
  matrix(name: string, ...shape: [inputs: number, ...rest: number[]]): void;
  /** F32 noise of a standard deviation. */
  small(name: string, std: number, ...shape: number[]): void;
  /** F32. */
  given(name: string, shape: number[], values: (index: number) => number): void;
}
