import {
  planModel,
  type RandomModelOptions,
  randomModel,
  SHAPE_06B,
  SHAPE_HYBRID,
} from '../testing/models/random-model.js';
import { realModel } from '../testing/models/real-models.js';

/** 8 layers of 512, 8 heads on 4: 25 million parameters. */
const SHAPE_25M: RandomModelOptions = {
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

/** 12 layers of 640, 10 heads on 5: 60 million parameters. */
const SHAPE_60M: RandomModelOptions = {
  ...SHAPE_25M,
  layers: 12,
  embedding: 640,
  heads: 10,
  kvHeads: 5,
  feedForward: 1728,
};

/** Llama 3.1 8B's layers, 7 billion parameters without the large vocabulary: a file of 7.4 GB. */
const SHAPE_8B: RandomModelOptions = {
  ...SHAPE_25M,
  architecture: 'llama',
  layers: 32,
  embedding: 4096,
  heads: 32,
  kvHeads: 8,
  headDim: 128,
  feedForward: 14_336,
};

/** For what depends on decisions more than on arithmetic: 2 layers of 128, a twentieth of the time a token. */
const SHAPE_SMALL: RandomModelOptions = { layers: 2, vocabulary: 4096, context: 32_768 };

/** Mamba-2 in every other layer, as in Granite 4. */
const GRANITE: RandomModelOptions = { architecture: 'granitehybrid' };

/** For answers that are equal on any kernel: weights that round ten thousand times finer than answers differ, and a token for each byte. */
const SHAPE_EXACT: RandomModelOptions = { ...SHAPE_25M, type: 'F32', merges: 0, seed: 2 };

/** Random weights in real shapes. The vocabulary is cut to 4,096 or less: it costs time, not realism. */
export const MODELS = {
  small: SHAPE_SMALL,
  'small-hybrid': { ...SHAPE_SMALL, ...GRANITE },
  '25m': SHAPE_25M,
  '25m-exact': SHAPE_EXACT,
  '25m-hybrid': { ...SHAPE_25M, ...GRANITE },
  '25m-mamba': { ...SHAPE_25M, architecture: 'mamba' },
  '25m-rwkv': { ...SHAPE_25M, architecture: 'rwkv7' },
  '60m': SHAPE_60M,
  '0.6b': SHAPE_06B,
  'hybrid-0.8b': SHAPE_HYBRID,
  '8b': SHAPE_8B,
} satisfies Record<string, RandomModelOptions>;

export type ModelName = keyof typeof MODELS;

export const isModelName = (name: string): name is ModelName => Object.hasOwn(MODELS, name);

/** Trained models, by their names in testing/models/real-models.ts. */
const REAL_MODELS = { smollm2: 'SmolLM2-135M-Instruct, Q4_1', gemma3: 'Gemma 3 270M, Q4_K_M' } as const;
export type RealName = keyof typeof REAL_MODELS;
const isRealName = (name: string): name is RealName => Object.hasOwn(REAL_MODELS, name);

/** Path of a model by any name; undefined: a trained one that is not on this machine. */
export const findModel = async (model: string): Promise<string | undefined> =>
  isRealName(model) ? realModel(model) : modelPath(model);

/** Path of a model: one of the table, written at the first call on this machine, or a file's own. */
export const modelPath = (model: string): string => (isModelName(model) ? randomModel(MODELS[model]) : model);

/** Of the matrices that each token is multiplied with: how many weights, their bytes, and whether products are of int8. */
export function sizeOf(model: ModelName): { weights: number; bytes: number; quantised: boolean } {
  const options: RandomModelOptions = MODELS[model];
  const { tensors } = planModel(options);
  const own = tensors.some(({ name }) => name === 'output.weight');
  const weights = tensors
    .filter(({ name, shape }) => shape.length > 1 && !(own && name === 'token_embd.weight'))
    .reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  const quantised = options.type === 'Q8_0';
  return { weights, bytes: weights * (quantised ? 34 / 32 : 4), quantised };
}

/** What a report says of it. */
export function describe(model: string): string {
  if (isRealName(model)) return REAL_MODELS[model];
  if (!isModelName(model)) return model;
  const { architecture = 'qwen3', layers = 2, embedding = 128, type = 'F32' }: RandomModelOptions = MODELS[model];
  return `random ${architecture}, ${layers} layers x ${embedding}, ${type}, vocabulary 4,096`;
}
