import type { NativeSimDevice } from '../../src/native/simulation.js';

export interface Device extends NativeSimDevice {
  name: string;
  /** Tokens of KV that fit beside the weights. */
  poolTokens: number;
}

/*
 * Llama-3.1-8B in BF16 on one H200 SXM 141 GB. From its data sheet: 4.8 TB/s, 989 TFLOP/s dense BF16. That copies reach
 * 80% and matrix products 60% of it is an assumption. From the model's configuration: 8.03 G parameters of which 0.53 G
 * are the embedding table (looked up, not multiplied), 32 layers, width 4,096, 8 KV heads of 128.
 */
const BANDWIDTH = 4.8e12 * 0.8;
const FLOPS = 989e12 * 0.6;
const PARAMETERS = 8.03e9 - 0.53e9;
const LAYERS = 32;
const WIDTH = 4096;
const KV_BYTES = LAYERS * 2 * 8 * 128 * 2;

export const H200: Device = {
  name: 'Llama-3.1-8B BF16 on one H200 SXM 141 GB (roofline)',
  // 90% of 141 GB are used; 16 are weights, 4 activations and workspace.
  poolTokens: Math.floor((0.9 * 141e9 - 20e9) / KV_BYTES),
  // Launches, sampling, the host's part of a step: an assumption.
  stepNs: 1_000_000,
  weightsNs: Math.round((PARAMETERS * 2 * 1e9) / BANDWIDTH),
  tokenNs: Math.round((PARAMETERS * 2 * 1e9) / FLOPS),
  pairPs: Math.round((4 * WIDTH * LAYERS * 1e12) / FLOPS),
  readPs: Math.round((KV_BYTES * 1e12) / BANDWIDTH),
  rowNs: 2_000,
  stateNs: 0,
};

/** A hybrid: of Qwen3.5-9B's 32 layers 8 attend (4 KV heads of 256), 24 keep a state of 50.25 MiB together. */
const HYBRID_KV_BYTES = 8 * 2 * 4 * 256 * 2;
const HYBRID_STATE_BYTES = 50.25 * 2 ** 20;
/** Of PCIe 5: an assumption. */
const PCIE = 25e9;

export const H200_HYBRID: Device = {
  ...H200,
  name: 'Qwen3.5-9B BF16 on one H200 SXM 141 GB (roofline)',
  poolTokens: Math.floor((0.9 * 141e9 - 22e9) / HYBRID_KV_BYTES),
  weightsNs: Math.round((9e9 * 2 * 1e9) / BANDWIDTH),
  tokenNs: Math.round((9e9 * 2 * 1e9) / FLOPS),
  pairPs: Math.round((4 * WIDTH * 8 * 1e12) / FLOPS),
  readPs: Math.round((HYBRID_KV_BYTES * 1e12) / BANDWIDTH),
  stateNs: Math.round((HYBRID_STATE_BYTES * 1e9) / PCIE),
};

/** The same machine where tokens are worth 16 and seconds last 50: what a step costs is to scale. */
export const H200_CI: Device = {
  name: 'Llama-3.1-8B as above, tokens / 16, times / 50',
  poolTokens: Math.floor(H200.poolTokens / 16),
  stepNs: Math.round(H200.stepNs / 50),
  weightsNs: Math.round(H200.weightsNs / 50),
  tokenNs: Math.round((H200.tokenNs * 16) / 50),
  pairPs: Math.round((H200.pairPs * 256) / 50),
  readPs: Math.round((H200.readPs * 16) / 50),
  rowNs: Math.round((H200.rowNs * 16) / 50),
  stateNs: 0,
};

/** About a model of 60M parameters in Q8_0 on one CPU core: tokens are dear, and a step has few. What pairs cost is an assumption. */
export const CORE_60M: Device = {
  name: 'about a 60M model in Q8_0 on one core',
  poolTokens: 4096,
  stepNs: 300_000,
  weightsNs: 2_600_000,
  tokenNs: 800_000,
  pairPs: 40_000,
  readPs: 1_000,
  rowNs: 30_000,
  stateNs: 0,
};
