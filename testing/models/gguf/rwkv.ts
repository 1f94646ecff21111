import type { Metadata } from './gguf-writer.js';
import type { Shape } from './shape.js';
import type { TensorInit } from './tensor-data.js';
import type { TensorSink } from './tensor-sink.js';

const HEAD = 64; // channels of a head, as trained models have them: its state is a square of them
const RANK = 16; // of the small matrices that make decay, gate and mixture of a token

const zero: TensorInit = { values: () => 0 };
const half: TensorInit = { values: () => 0.5 };

export const isRwkv = ({ architecture }: Shape): boolean => architecture === 'rwkv6' || architecture === 'rwkv7';

export function rwkvHyperparameters({ architecture }: Shape): Record<string, Metadata> {
  const ranks = architecture === 'rwkv6' ? RWKV6_RANKS : RWKV7_RANKS;
  return {
    ...Object.fromEntries(ranks.map((key) => [key, { u32: RANK }])),
    'wkv.head_size': { u32: HEAD },
    'attention.layer_norm_epsilon': { f32: 1e-5 },
    token_shift_count: { u32: 2 },
  };
}

const RWKV6_RANKS = ['time_mix_extra_dim', 'time_decay_extra_dim'];
const RWKV7_RANKS = ['decay', 'iclr', 'value_residual_mix', 'gate'].map((what) => `attention.${what}_lora_rank`);

/** A norm with its bias. */
export function layerNorm({ vector }: TensorSink, name: string, size: number): void {
  vector(`${name}.weight`, size);
  vector(`${name}.bias`, size, zero);
}

/** Time mix and channel mix: all of a layer, its norms too. */
export function rwkv(s: Shape, block: string, sink: TensorSink): void {
  const { vector, matrix } = sink;
  layerNorm(sink, `${block}.attn_norm`, s.embedding);
  layerNorm(sink, `${block}.attn_norm_2`, s.embedding);
  layerNorm(sink, `${block}.time_mix_ln`, s.embedding);
  for (const part of ['key', 'value', 'receptance', 'output'])
    matrix(`${block}.time_mix_${part}.weight`, s.embedding, s.embedding);
  if (s.architecture === 'rwkv6') timeMix6(s, block, sink);
  else timeMix7(s, block, sink);
  vector(`${block}.channel_mix_lerp_k.weight`, s.embedding, half);
  matrix(`${block}.channel_mix_key.weight`, s.embedding, s.feedForward);
  matrix(`${block}.channel_mix_value.weight`, s.feedForward, s.embedding);
}

function timeMix6(s: Shape, block: string, { vector, matrix, small, given }: TensorSink): void {
  vector(`${block}.time_mix_lerp_x.weight`, s.embedding, half);
  given(`${block}.time_mix_lerp_fused.weight`, [s.embedding, 1, 1, 5], () => 0.5);
  small(`${block}.time_mix_w1.weight`, 1 / Math.sqrt(s.embedding), s.embedding, 5 * RANK);
  small(`${block}.time_mix_w2.weight`, 0.1 / Math.sqrt(RANK), RANK, s.embedding, 5);
  small(`${block}.time_mix_first.weight`, 1, HEAD, s.embedding / HEAD);
  vector(`${block}.time_mix_decay.weight`, s.embedding, { values: (index) => -3 - (index % 4) }); // slow: what was read long ago still matters
  small(`${block}.time_mix_decay_w1.weight`, 1 / Math.sqrt(s.embedding), s.embedding, RANK);
  small(`${block}.time_mix_decay_w2.weight`, 1 / Math.sqrt(RANK), RANK, s.embedding);
  matrix(`${block}.time_mix_gate.weight`, s.embedding, s.embedding);
  vector(`${block}.channel_mix_lerp_r.weight`, s.embedding, half);
  matrix(`${block}.channel_mix_receptance.weight`, s.embedding, s.embedding);
}

function timeMix7(s: Shape, block: string, { vector, small, given }: TensorSink): void {
  given(`${block}.time_mix_lerp_fused.weight`, [s.embedding, 1, 1, 6], () => 0.5);
  for (const what of ['w', 'a', 'v', 'g']) {
    small(`${block}.time_mix_${what}1.weight`, 1 / Math.sqrt(s.embedding), s.embedding, RANK);
    small(`${block}.time_mix_${what}2.weight`, 1 / Math.sqrt(RANK), RANK, s.embedding);
  }
  vector(`${block}.time_mix_w0.weight`, s.embedding, { values: (index) => -3 - (index % 4) }); // slow decay, as above
  vector(`${block}.time_mix_a0.weight`, s.embedding, zero);
  vector(`${block}.time_mix_v0.weight`, s.embedding, zero);
  vector(`${block}.time_mix_k_k.weight`, s.embedding);
  vector(`${block}.time_mix_k_a.weight`, s.embedding);
  small(`${block}.time_mix_r_k.weight`, 0.1, s.embedding);
}
