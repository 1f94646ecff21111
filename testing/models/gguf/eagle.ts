import { type AttentionSizes, attentionKeys } from './attention-keys.js';
import type { Metadata, Tensor } from './gguf-writer.js';
import type { TensorInit } from './tensor-data.js';

export interface EagleShape extends AttentionSizes {
  embedding: number;
  feedForward: number;
  context: number;
  /** Numbers of a hidden state of the model it drafts for. */
  targetEmbedding: number;
  /** It reads what goes into these. */
  targetLayers: [number, number, number];
  vocabulary: number;
  /** Token embeddings and an output layer of its own, for every second token; else it has those of the model it drafts for. */
  own: boolean;
}

/** llama.cpp's hyperparameters of an EAGLE-3 head, without the tokenizer's. */
export function eagleMetadata(s: EagleShape): Map<string, Metadata> {
  const own: Record<string, Metadata> = {
    context_length: { u32: s.context },
    embedding_length: { u32: s.embedding },
    block_count: { u32: 1 },
    feed_forward_length: { u32: s.feedForward },
    'attention.layer_norm_rms_epsilon': { f32: 1e-6 },
    ...attentionKeys(s),
    target_layers: { i32s: s.targetLayers },
    target_hidden_size: { u32: s.targetEmbedding },
  };
  return new Map([
    ['general.architecture', { text: 'eagle3' }],
    ['general.name', { text: 'random eagle3' }],
    ...Object.entries(own).map(([key, value]): [string, Metadata] => [`eagle3.${key}`, value]),
  ]);
}

export function eagleTensors(s: EagleShape): Tensor[] {
  const out: Tensor[] = [];
  const add = (name: string, shape: number[], init: TensorInit) => out.push({ name, shape, type: 'F32', init });
  const norm = (name: string) => add(`${name}.weight`, [s.embedding], { values: () => 1 });
  const matrix = (name: string, inputs: number, outputs: number, scale = 1) =>
    add(`${name}.weight`, [inputs, outputs], { std: scale / Math.sqrt(inputs) });
  if (s.own) {
    const drafted = Math.floor(s.vocabulary / 2);
    add('token_embd.weight', [s.embedding, s.vocabulary], { std: 1 });
    matrix('output', s.embedding, drafted);
    out.push({ name: 'd2t', shape: [drafted], type: 'I64', init: { values: (token) => 2 * token } });
  }
  matrix('fc', 3 * s.targetEmbedding, s.embedding);
  norm('output_norm');
  for (const name of ['attn_norm', 'attn_norm_2', 'ffn_norm']) norm(`blk.0.${name}`);
  // Larger than usual: random attention becomes picky, so that a wrong page shows in the output.
  matrix('blk.0.attn_q', 2 * s.embedding, s.heads * s.headDim, 3);
  matrix('blk.0.attn_k', 2 * s.embedding, s.kvHeads * s.headDim);
  matrix('blk.0.attn_v', 2 * s.embedding, s.kvHeads * s.headDim, 2);
  matrix('blk.0.attn_output', s.heads * s.headDim, s.embedding, 2);
  matrix('blk.0.ffn_gate', s.embedding, s.feedForward);
  matrix('blk.0.ffn_up', s.embedding, s.feedForward);
  matrix('blk.0.ffn_down', s.feedForward, s.embedding);
  return out;
}
