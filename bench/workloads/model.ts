import { type RandomModelOptions, randomModel } from '../../testing/models/random-model.js';

/** CI scale: 8 layers of 512, 8 heads on 4, Q8_0. Lengths are those of the workloads over 16, tool times over 50. */
const CI_SHAPE: RandomModelOptions = {
  architecture: 'qwen3',
  layers: 8,
  embedding: 512,
  heads: 8,
  kvHeads: 4,
  headDim: 64,
  feedForward: 1536,
  vocabulary: 4096,
  context: 32_768,
  type: 'Q8_0',
};

export const CI_MODEL = 'random qwen3, 8 layers x 512, 8 heads on 4 of 64, ff 1536, Q8_0, vocabulary 4,096';

/** The same with Granite 4's layers: Mamba-2 in every other. */
const HYBRID: RandomModelOptions = { architecture: 'granitehybrid' };

export const ciModel = (hybrid = false): string => randomModel({ ...CI_SHAPE, ...(hybrid && HYBRID) });

/** What a report names it. */
export const nameOf = (model: string, hybrid: boolean): string =>
  hybrid ? model.replace('qwen3', 'granitehybrid') : model;

/** For what depends on decisions more than on arithmetic: 2 layers of 128, a twentieth of the time a token. */
const SMALL_SHAPE: RandomModelOptions = { layers: 2, vocabulary: 4096, context: 32_768 };

export const SMALL_MODEL = 'random qwen3, 2 layers x 128, F32, vocabulary 4,096, context 32,768';

export const smallModel = (hybrid = false): string => randomModel({ ...SMALL_SHAPE, ...(hybrid && HYBRID) });

/** What a report says of its runs. */
export const setup = (model: string, threads: number, runs: number) => ({
  model,
  threads: threads || 'all physical cores',
  repetitions: `${runs}, by turns, medians`,
});
