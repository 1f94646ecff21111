import { attentionKeys } from './attention-keys.js';
import type { Metadata, Tensor } from './gguf-writer.js';
import { isPurelyRecurrent, isRecurrent, recurrentHyperparameters, recurrentTensors } from './recurrent.js';
import { isRwkv, layerNorm } from './rwkv.js';
import type { Shape } from './shape.js';
import type { TensorInit } from './tensor-data.js';

const one: TensorInit = { values: () => 1 };
const zero: TensorInit = { values: () => 0 };

/** llama.cpp's hyperparameters, keyed as the file spells them. */
export function hyperparameters(s: Shape): Map<string, Metadata> {
  const own: Record<string, Metadata> = {
    context_length: { u32: s.context },
    embedding_length: { u32: s.embedding },
    block_count: { u32: s.layers + mtpLayers(s) },
    feed_forward_length: { u32: s.feedForward },
    'attention.layer_norm_rms_epsilon': { f32: 1e-6 },
  };
  if (!isPurelyRecurrent(s)) Object.assign(own, attentionKeys(s));
  switch (s.architecture) {
    case 'gemma2':
      own.attn_logit_softcapping = { f32: 50 };
      own.final_logit_softcapping = { f32: 30 };
      own['attention.sliding_window'] = { u32: s.slidingWindow };
      break;
    case 'gemma3':
      own['attention.sliding_window'] = { u32: s.slidingWindow };
      own['attention.sliding_window_pattern'] = { u32: 2 };
      break;
    case 'qwen3moe':
      own.expert_count = { u32: s.experts };
      own.expert_used_count = { u32: s.expertsUsed };
      own.expert_feed_forward_length = { u32: s.feedForward };
      break;
    case 'hy_v3':
      own.expert_feed_forward_length = { u32: s.feedForward }; // there must be one, experts or not
      own.nextn_predict_layers = { u32: mtpLayers(s) };
      break;
  }
  Object.assign(own, recurrentHyperparameters(s));
  return new Map(Object.entries(own).map(([key, value]) => [`${s.architecture}.${key}`, value]));
}

/** All tensors in file order. Matrices have deviation 1/sqrt(inputs), so that activations keep their size. */
export function tensors(s: Shape): Tensor[] {
  const out: Tensor[] = [];
  const vector = (name: string, size: number, init: TensorInit = one) =>
    out.push({ name, shape: [size], type: 'F32', init });
  const matrix = (name: string, ...shape: [inputs: number, ...rest: number[]]) =>
    out.push({ name, shape, type: s.type, init: { std: 1 / Math.sqrt(shape[0]) } });

  const feedForward = (block: string) => {
    vector(`${block}.${s.architecture === 'qwen35' ? 'post_attention_norm' : 'ffn_norm'}.weight`, s.embedding);
    matrix(`${block}.ffn_gate.weight`, s.embedding, s.feedForward);
    matrix(`${block}.ffn_up.weight`, s.embedding, s.feedForward);
    matrix(`${block}.ffn_down.weight`, s.feedForward, s.embedding);
  };
  const experts = (block: string) => {
    vector(`${block}.ffn_norm.weight`, s.embedding);
    out.push({
      name: `${block}.ffn_gate_inp.weight`,
      shape: [s.embedding, s.experts],
      type: 'F32',
      init: { std: 1 / Math.sqrt(s.embedding) },
    });
    matrix(`${block}.ffn_gate_exps.weight`, s.embedding, s.feedForward, s.experts);
    matrix(`${block}.ffn_up_exps.weight`, s.embedding, s.feedForward, s.experts);
    matrix(`${block}.ffn_down_exps.weight`, s.feedForward, s.embedding, s.experts);
  };
  const attention = (block: string) => {
    vector(`${block}.attn_norm.weight`, s.embedding);
    const gated = s.architecture === 'qwen35' ? 2 : 1; // each query brings the gate of its output
    matrix(`${block}.attn_q.weight`, s.embedding, gated * s.heads * s.headDim);
    matrix(`${block}.attn_k.weight`, s.embedding, s.kvHeads * s.headDim);
    matrix(`${block}.attn_v.weight`, s.embedding, s.kvHeads * s.headDim);
    matrix(`${block}.attn_output.weight`, s.heads * s.headDim, s.embedding);
    if (s.architecture === 'qwen2') {
      vector(`${block}.attn_q.bias`, s.heads * s.headDim, zero);
      vector(`${block}.attn_k.bias`, s.kvHeads * s.headDim, zero);
      vector(`${block}.attn_v.bias`, s.kvHeads * s.headDim, zero);
    }
    // Twice the usual size: random attention becomes picky, so that a wrong page shows in the output.
    if (['qwen3', 'qwen3moe', 'hy_v3', 'gemma3', 'lfm2', 'qwen35'].includes(s.architecture)) {
      vector(`${block}.attn_q_norm.weight`, s.headDim, { values: () => 2 });
      vector(`${block}.attn_k_norm.weight`, s.headDim);
    }
  };
  const small = (name: string, std: number, ...shape: number[]) =>
    out.push({ name, shape, type: 'F32', init: { std } });
  const given = (name: string, shape: number[], values: (index: number) => number) =>
    out.push({ name, shape, type: 'F32', init: { values } });

  out.push({
    name: 'token_embd.weight',
    shape: [s.embedding, s.vocabulary],
    type: s.type,
    init: { std: embeddingStd(s) },
  });
  const sink = { vector, matrix, small, given };
  if (isRwkv(s)) layerNorm(sink, 'token_embd_norm', s.embedding);
  for (const layer of layerRange(s)) {
    const block = `blk.${layer}`;
    if (isRecurrent(s, layer)) recurrentTensors(s, block, sink);
    else attention(block);
    if (isPurelyRecurrent(s)) continue;
    if (s.architecture.startsWith('gemma')) vector(`${block}.post_attention_norm.weight`, s.embedding);
    if (s.architecture === 'qwen3moe') experts(block);
    else feedForward(block);
    if (s.architecture.startsWith('gemma')) vector(`${block}.post_ffw_norm.weight`, s.embedding);
  }
  for (let layer = s.layers; layer < s.layers + mtpLayers(s); layer++) {
    const block = `blk.${layer}`;
    attention(block);
    feedForward(block);
    matrix(`${block}.nextn.eh_proj.weight`, 2 * s.embedding, s.embedding);
    for (const norm of ['enorm', 'hnorm', 'shared_head_norm']) vector(`${block}.nextn.${norm}.weight`, s.embedding);
  }
  if (isRwkv(s)) layerNorm(sink, 'output_norm', s.embedding);
  else vector(s.architecture === 'lfm2' ? 'token_embd_norm.weight' : 'output_norm.weight', s.embedding);
  if (s.architecture !== 'gemma2') matrix('output.weight', s.embedding, s.vocabulary); // gemma2 ties it
  if (s.bias.size > 0) vector('output.bias', s.vocabulary, { values: (token) => s.bias.get(token) ?? 0 });
  return out;
}

/** gemma scales by sqrt(embedding); gemma2 also reads it as output, where a large one would only repeat the last token. */
function embeddingStd(s: Shape): number {
  if (s.architecture === 'gemma2') return 0.25 / Math.sqrt(s.embedding);
  return s.architecture === 'gemma3' ? 1 / Math.sqrt(s.embedding) : 1;
}

/** Layers behind the last one, which read its output and the next token. */
const mtpLayers = (s: Shape): number => Number(s.architecture === 'hy_v3');

const layerRange = (s: Shape): number[] => Array.from({ length: s.layers }, (_, layer) => layer);
