import { type EagleShape, eagleMetadata, eagleTensors } from './gguf/eagle.js';
import { writeGguf } from './gguf/gguf-writer.js';
import { cachedModel, planModel, type RandomModelOptions } from './random-model.js';

/** Heads that draft for random models; those from the third on cannot: each has one thing wrong. */
export const HEADS = ['own', 'borrowing', 'wide-target', 'deep-target', 'bad-map', 'few-tokens'] as const;
export type HeadName = (typeof HEADS)[number];

/** An EAGLE-3 head with random weights for the random model of these options: its vocabulary, its hidden size. */
export function writeRandomHead(path: string, name: HeadName, of: RandomModelOptions = {}): void {
  const model = planModel(of);
  const { texts } = model.metadata.get('tokenizer.ggml.tokens') as { texts: string[] };
  const { embedding = 128, context = 4096 } = of;
  const shape: EagleShape = {
    ...{
      embedding: name === 'borrowing' ? embedding : 64,
      heads: 2,
      kvHeads: 1,
      headDim: 32,
      feedForward: 128,
      context,
    },
    targetEmbedding: name === 'wide-target' ? 2 * embedding : embedding,
    targetLayers: [0, 1, name === 'deep-target' ? 9 : 1],
    vocabulary: texts.length,
    own: name !== 'borrowing',
  };
  const metadata = eagleMetadata(shape);
  for (const [key, value] of model.metadata) if (key.startsWith('tokenizer.ggml.')) metadata.set(key, value);
  const tensors = eagleTensors(shape);
  for (const tensor of tensors) {
    if (name === 'bad-map' && tensor.name === 'd2t') tensor.init = { values: (token) => token * 2 ** 20 };
    if (name === 'few-tokens' && tensor.name === 'token_embd.weight') tensor.shape = [64, 3];
  }
  writeGguf(path, metadata, tensors, 5);
}

/** Path of such a head, written at the first call on this machine. */
export const randomHead = (name: HeadName, of: RandomModelOptions = {}): string =>
  cachedModel(`head ${name} ${JSON.stringify(of)}`, (path) => writeRandomHead(path, name, of));
