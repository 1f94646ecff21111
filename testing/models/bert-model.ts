import { type BertShape, bertMetadata, bertTensors, type POOLING, smallWordPieces } from './gguf/bert.js';
import { writeGguf } from './gguf/gguf-writer.js';
import { cachedModel } from './random-model.js';

export interface RandomBertOptions {
  /** undefined: the file does not say. */
  pooling?: keyof typeof POOLING | undefined;
  layers?: number;
  embedding?: number;
  heads?: number;
  context?: number;
}

export function writeRandomBert(path: string, options: RandomBertOptions = {}): void {
  const { pooling, layers = 2, embedding = 64, heads = 4, context = 128 } = options;
  const vocabulary = smallWordPieces();
  const shape: BertShape = { layers, embedding, heads, feedForward: 2 * embedding, context, vocabulary };
  const tensors = bertTensors(shape, (name, size) => {
    if (name.endsWith('LayerNorm.weight')) return { values: () => 1 };
    // Vectors of tokens at full size; matrices keep the size of what they are given.
    const wide = name.startsWith('embeddings.') || size.length === 1;
    return { std: wide ? 0.5 : 2 / Math.sqrt(size[0] as number) };
  });
  writeGguf(path, bertMetadata(shape, pooling, 'random bert'), tensors, 1);
}

/** Path of a small BERT with random weights, written at the first call on this machine. */
export const randomBert = (options: RandomBertOptions = {}): string =>
  cachedModel(`bert ${JSON.stringify(options)}`, (path) => writeRandomBert(path, options));
