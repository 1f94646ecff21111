import type { TensorType } from './tensor-data.js';

/** llama.cpp's names; gemma2 brings a sliding window and softcaps, hy_v3 an MTP layer, mamba and rwkv are recurrent, the last three are hybrids. */
export const ARCHITECTURES = [
  ...(['llama', 'qwen2', 'qwen3', 'gemma2', 'gemma3', 'qwen3moe', 'hy_v3'] as const),
  ...(['mamba', 'rwkv6', 'rwkv7', 'lfm2', 'qwen35', 'granitehybrid'] as const),
] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface Shape {
  architecture: Architecture;
  layers: number;
  embedding: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  feedForward: number;
  vocabulary: number;
  context: number;
  experts: number;
  expertsUsed: number;
  slidingWindow: number;
  type: TensorType;
  /** Added to the logit of a token id; only qwen2 has an output bias. */
  bias: Map<number, number>;
}
