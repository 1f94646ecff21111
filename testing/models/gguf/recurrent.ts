import type { Metadata } from './gguf-writer.js';
import { isRwkv, rwkv, rwkvHyperparameters } from './rwkv.js';
import type { Shape } from './shape.js';
import type { TensorInit } from './tensor-data.js';
import type { TensorSink } from './tensor-sink.js';

const CONV = 4; // of the state space models and the delta net
const STATE = 16; // mamba's state a channel
const SHORT_CONV = 3; // lfm2's

const zero: TensorInit = { values: () => 0 };
const slow: TensorInit = { values: () => -2 }; // small time steps: what was read long ago still matters

/** No layer has attention, and none a feed-forward network of its own. */
export const isPurelyRecurrent = (s: Shape): boolean => s.architecture === 'mamba' || isRwkv(s);

/** Has this layer a recurrent state in place of attention? lfm2, granitehybrid: every other; qwen35: all but each last. */
export function isRecurrent(s: Shape, layer: number): boolean {
  if (isPurelyRecurrent(s)) return true;
  if (s.architecture === 'qwen35') return (layer + 1) % attentionInterval(s) !== 0;
  return (s.architecture === 'lfm2' || s.architecture === 'granitehybrid') && layer % 2 === 0;
}

const attentionInterval = (s: Shape): number => (s.layers < 8 ? 2 : 4);

/** Mamba-2's heads: of 32 channels each. */
const stateHeads = (s: Shape): number => (2 * s.embedding) / 32;

export function recurrentHyperparameters(s: Shape): Record<string, Metadata> {
  const stateSpace = (inner: number, state: number, rank: number, groups?: number): Record<string, Metadata> => ({
    'ssm.conv_kernel': { u32: CONV },
    'ssm.inner_size': { u32: inner },
    'ssm.state_size': { u32: state },
    'ssm.time_step_rank': { u32: rank },
    ...(groups && { 'ssm.group_count': { u32: groups } }),
  });
  const layers = Array.from({ length: s.layers }, (_, layer) => layer);
  const kvHeads = { i32s: layers.map((layer) => (isRecurrent(s, layer) ? 0 : s.kvHeads)) };
  switch (s.architecture) {
    case 'mamba':
      return stateSpace(2 * s.embedding, STATE, s.embedding / 16);
    case 'rwkv6':
    case 'rwkv7':
      return rwkvHyperparameters(s);
    case 'lfm2':
      return { 'shortconv.l_cache': { u32: SHORT_CONV }, 'attention.head_count_kv': kvHeads };
    case 'granitehybrid':
      return { ...stateSpace(2 * s.embedding, 2 * STATE, stateHeads(s), 1), 'attention.head_count_kv': kvHeads };
    case 'qwen35': {
      const third = Math.floor(s.headDim / 6);
      return {
        ...stateSpace(s.heads * s.headDim, s.headDim / 2, 2 * s.heads, 2 * s.heads),
        full_attention_interval: { u32: attentionInterval(s) },
        'rope.dimension_sections': { i32s: [s.headDim / 2 - 2 * third, third, third, 0] },
      };
    }
    default:
      return {};
  }
}

export function recurrentTensors(s: Shape, block: string, sink: TensorSink): void {
  if (!isRwkv(s)) sink.vector(`${block}.attn_norm.weight`, s.embedding);
  if (isRwkv(s)) rwkv(s, block, sink);
  else if (s.architecture === 'mamba') mamba(s, block, sink);
  else if (s.architecture === 'lfm2') shortConv(s, block, sink);
  else if (s.architecture === 'granitehybrid') mamba2(s, block, sink);
  else deltaNet(s, block, sink);
}

function shortConv(s: Shape, block: string, { matrix, small }: TensorSink): void {
  small(`${block}.shortconv.conv.weight`, 1 / Math.sqrt(SHORT_CONV), SHORT_CONV, s.embedding);
  matrix(`${block}.shortconv.in_proj.weight`, s.embedding, 3 * s.embedding);
  matrix(`${block}.shortconv.out_proj.weight`, s.embedding, s.embedding);
}

function mamba(s: Shape, block: string, { vector, matrix, small, given }: TensorSink): void {
  const inner = 2 * s.embedding;
  const rank = s.embedding / 16;
  matrix(`${block}.ssm_in.weight`, s.embedding, 2 * inner);
  small(`${block}.ssm_conv1d.weight`, 1 / Math.sqrt(CONV), CONV, inner);
  vector(`${block}.ssm_conv1d.bias`, inner, zero);
  matrix(`${block}.ssm_x.weight`, inner, rank + 2 * STATE);
  small(`${block}.ssm_dt.weight`, 1 / Math.sqrt(rank), rank, inner);
  vector(`${block}.ssm_dt.bias`, inner, slow);
  given(`${block}.ssm_a`, [STATE, inner], (index) => -1 - (index % STATE)); // negative: the state decays
  vector(`${block}.ssm_d`, inner);
  matrix(`${block}.ssm_out.weight`, inner, s.embedding);
}

function mamba2(s: Shape, block: string, { vector, matrix, small, given }: TensorSink): void {
  const inner = 2 * s.embedding;
  const heads = stateHeads(s);
  const channels = inner + 4 * STATE;
  matrix(`${block}.ssm_in.weight`, s.embedding, inner + channels + heads);
  small(`${block}.ssm_conv1d.weight`, 1 / Math.sqrt(CONV), CONV, channels);
  vector(`${block}.ssm_conv1d.bias`, channels, zero);
  vector(`${block}.ssm_dt.bias`, heads, slow);
  given(`${block}.ssm_a`, [1, heads], (index) => -0.5 - (index % 4));
  given(`${block}.ssm_d`, [1, heads], () => 1);
  given(`${block}.ssm_norm.weight`, [inner, 1], () => 1);
  matrix(`${block}.ssm_out.weight`, inner, s.embedding);
}

/** Heads of half the attention's size, twice as many: the same width. */
function deltaNet(s: Shape, block: string, { vector, matrix, small }: TensorSink): void {
  const width = s.heads * s.headDim;
  const heads = 2 * s.heads;
  matrix(`${block}.attn_qkv.weight`, s.embedding, 3 * width);
  matrix(`${block}.attn_gate.weight`, s.embedding, width);
  small(`${block}.ssm_conv1d.weight`, 1 / Math.sqrt(CONV), CONV, 3 * width);
  vector(`${block}.ssm_dt.bias`, heads, slow);
  vector(`${block}.ssm_a`, heads, { values: (index) => -0.2 * (1 + (index % 4)) });
  matrix(`${block}.ssm_beta.weight`, s.embedding, heads);
  matrix(`${block}.ssm_alpha.weight`, s.embedding, heads);
  vector(`${block}.ssm_norm.weight`, s.headDim / 2);
  matrix(`${block}.ssm_out.weight`, width, s.embedding);
}
