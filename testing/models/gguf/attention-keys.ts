import type { Metadata } from './gguf-writer.js';

/** Sizes of attention layers. */
export interface AttentionSizes {
  heads: number;
  kvHeads: number;
  headDim: number;
}

/** llama.cpp's hyperparameters of attention with rotated positions, without the architecture's name before them. */
export function attentionKeys({ heads, kvHeads, headDim }: AttentionSizes): Record<string, Metadata> {
  return {
    'attention.head_count': { u32: heads },
    'attention.head_count_kv': { u32: kvHeads },
    'attention.key_length': { u32: headDim },
    'attention.value_length': { u32: headDim },
    'rope.dimension_count': { u32: headDim },
    'rope.freq_base': { f32: 10_000 },
  };
}
