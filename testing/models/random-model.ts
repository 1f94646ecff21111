import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { hyperparameters, tensors } from './gguf/architectures.js';
import { POOLING } from './gguf/bert.js';
import { byteVocabulary } from './gguf/byte-bpe.js';
import { CHAT_TEMPLATE } from './gguf/chat-template.js';
import { type Metadata, type Tensor, writeGguf } from './gguf/gguf-writer.js';
import { ARCHITECTURES, type Architecture, type Shape } from './gguf/shape.js';

export { ARCHITECTURES, type Architecture };

export interface RandomModelOptions extends Partial<Omit<Shape, 'bias'>> {
  seed?: number;
  /** BPE merges to learn (default 200, at most about 390). */
  merges?: number;
  /** qwen2 only: added to a token's logit, by the token's text, e.g. { '"': 4 } so that JSON strings end. */
  logitBias?: Record<string, number>;
  /** '' = none. */
  chatTemplate?: string;
  /** Control tokens besides ChatML's. */
  controls?: readonly string[];
  /** It is an embedding model, which pools so, and ends each text with its end token. */
  pooling?: keyof typeof POOLING;
}

/** Metadata and tensors of a model that is not written yet: hostile variants change them first. */
export interface ModelPlan {
  metadata: Map<string, Metadata>;
  tensors: Tensor[];
  seed: number;
}

/** The 0.6B shape of the benchmarks: 28 layers, 16 heads on 8, Q8_0. The vocabulary is cut: it costs time, not realism. */
export const SHAPE_06B: RandomModelOptions = {
  architecture: 'qwen3',
  layers: 28,
  embedding: 1024,
  heads: 16,
  kvHeads: 8,
  headDim: 128,
  feedForward: 3072,
  vocabulary: 4096,
  context: 32_768,
  type: 'Q8_0',
};

/** Qwen3.5-0.8B's layers: 18 with a delta net, 6 with attention, a state of 19 MiB. The vocabulary is cut. */
export const SHAPE_HYBRID: RandomModelOptions = {
  architecture: 'qwen35',
  layers: 24,
  embedding: 1024,
  heads: 8,
  kvHeads: 2,
  headDim: 256,
  feedForward: 3584,
  vocabulary: 4096,
  context: 32_768,
  type: 'Q8_0',
};

export function planModel(options: RandomModelOptions = {}): ModelPlan {
  const { seed = 1, merges = 200, logitBias = {}, chatTemplate = CHAT_TEMPLATE, controls = [] } = options;
  const vocabulary = byteVocabulary(merges, options.vocabulary, controls);
  const idOf = (token: string): number => {
    const id = vocabulary.ids.get(token);
    if (id === undefined) throw new RangeError(`no token ${JSON.stringify(token)} in this vocabulary`);
    return id;
  };
  const shape: Shape = {
    architecture: 'qwen3',
    layers: 2,
    embedding: 128,
    heads: 4,
    kvHeads: 2,
    headDim: 32,
    feedForward: 256,
    context: 4096,
    experts: 4,
    expertsUsed: 2,
    slidingWindow: 64,
    type: 'F32',
    ...options,
    vocabulary: vocabulary.tokens.length,
    bias: new Map(Object.entries(logitBias).map(([token, bias]) => [idOf(token), bias])),
  };
  if (shape.bias.size > 0 && shape.architecture !== 'qwen2') throw new RangeError('only qwen2 has an output bias');
  const metadata = new Map<string, Metadata>([
    ['general.architecture', { text: shape.architecture }],
    ['general.name', { text: `random ${shape.architecture}` }],
    ...hyperparameters(shape),
    ['tokenizer.ggml.model', { text: 'gpt2' }],
    ['tokenizer.ggml.pre', { text: 'qwen2' }],
    ['tokenizer.ggml.tokens', { texts: vocabulary.tokens }],
    ['tokenizer.ggml.token_type', { i32s: vocabulary.types }],
    ['tokenizer.ggml.merges', { texts: vocabulary.merges }],
    ['tokenizer.ggml.eos_token_id', { u32: idOf('<|im_end|>') }],
    ['tokenizer.ggml.padding_token_id', { u32: idOf('<|endoftext|>') }],
    ['tokenizer.ggml.add_bos_token', { bool: false }],
  ]);
  if (options.pooling !== undefined) {
    metadata.set(`${shape.architecture}.pooling_type`, { u32: POOLING[options.pooling] });
    metadata.set('tokenizer.ggml.add_eos_token', { bool: true });
  }
  if (chatTemplate !== '') metadata.set('tokenizer.chat_template', { text: chatTemplate });
  return { metadata, tensors: tensors(shape), seed };
}

export function writeRandomModel(path: string, options: RandomModelOptions = {}): void {
  const plan = planModel(options);
  writeGguf(path, plan.metadata, plan.tensors, plan.seed);
}

/** Path of the model with these options, written at the first call on this machine. Safe in parallel processes. */
export function randomModel(options: RandomModelOptions = {}): string {
  return cachedModel(JSON.stringify(options), (path) => writeRandomModel(path, options));
}

/** Any generated file, kept under a name that changes with the key or with the generator itself. */
export function cachedModel(key: string, write: (path: string) => void): string {
  const folder = join(tmpdir(), `banyan-models-${userInfo().uid}`);
  const path = join(
    folder,
    `${createHash('sha256').update(generatorText()).update(key).digest('hex').slice(0, 24)}.gguf`,
  );
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = `${path}.${randomUUID()}`;
  try {
    write(partial);
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  return path;
}

let text: string | undefined;

function generatorText(): string {
  const sources = new URL('./gguf/', import.meta.url);
  text ??= [import.meta.url, ...readdirSync(sources).map((name) => new URL(name, sources))]
    .map((url) => readFileSync(new URL(url), 'utf8'))
    .join('');
  return text;
}
