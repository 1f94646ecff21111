import type { Metadata, Tensor } from './gguf-writer.js';
import type { TensorInit } from './tensor-data.js';

/** Sizes of a BERT: an encoder of token, position and sentence vectors. */
export interface BertShape {
  layers: number;
  embedding: number;
  heads: number;
  feedForward: number;
  context: number;
  vocabulary: readonly string[];
}

/** llama_pooling_type. */
export const POOLING = { none: 0, mean: 1, cls: 2, last: 3, rank: 4 } as const;

/** WordPiece's special tokens, in the places where GGUF expects them unless it says otherwise. */
const CONTROLS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

const SPACE = '\u2581';

/** Pieces as vocab.txt has them, `##` before those that go on, become GGUF's: a mark before those that begin a word. */
export function bertMetadata(
  shape: BertShape,
  pooling: keyof typeof POOLING | undefined,
  name: string,
): Map<string, Metadata> {
  const { vocabulary } = shape;
  const written = vocabulary.map((piece) =>
    CONTROLS.includes(piece) ? piece : piece.startsWith('##') ? piece.slice(2) : SPACE + piece,
  );
  const id = (control: string) => ({ u32: vocabulary.indexOf(control) });
  return new Map<string, Metadata>([
    ['general.architecture', { text: 'bert' }],
    ['general.name', { text: name }],
    ['bert.context_length', { u32: shape.context }],
    ['bert.embedding_length', { u32: shape.embedding }],
    ['bert.block_count', { u32: shape.layers }],
    ['bert.feed_forward_length', { u32: shape.feedForward }],
    ['bert.attention.head_count', { u32: shape.heads }],
    ['bert.attention.layer_norm_epsilon', { f32: 1e-12 }],
    ['bert.attention.causal', { bool: false }],
    ...(pooling === undefined ? [] : [['bert.pooling_type', { u32: POOLING[pooling] }] as const]),
    ['tokenizer.ggml.model', { text: 'bert' }],
    ['tokenizer.ggml.token_type_count', { u32: 2 }],
    ['tokenizer.ggml.tokens', { texts: written }],
    ['tokenizer.ggml.token_type', { i32s: vocabulary.map((piece) => (CONTROLS.includes(piece) ? 3 : 1)) }],
    ['tokenizer.ggml.padding_token_id', id('[PAD]')],
    ['tokenizer.ggml.unknown_token_id', id('[UNK]')],
    ['tokenizer.ggml.bos_token_id', id('[CLS]')],
    ['tokenizer.ggml.cls_token_id', id('[CLS]')],
    ['tokenizer.ggml.seperator_token_id', id('[SEP]')],
    ['tokenizer.ggml.mask_token_id', id('[MASK]')],
  ]);
}

/** The tensors; `init` gives what one holds by its name in Hugging Face's files. Matrices there have the shape that GGUF has turned round. */
export function bertTensors(shape: BertShape, init: (name: string, shape: number[]) => TensorInit): Tensor[] {
  const { embedding: n, feedForward } = shape;
  const out: Tensor[] = [];
  const add = (name: string, source: string, ...size: number[]) =>
    out.push({ name, shape: size, type: 'F32', init: init(source, size) });
  const both = (name: string, source: string, inputs: number, outputs: number) => {
    add(`${name}.weight`, `${source}.weight`, inputs, outputs);
    add(`${name}.bias`, `${source}.bias`, outputs);
  };
  const norm = (name: string, source: string) => {
    add(`${name}.weight`, `${source}.weight`, n);
    add(`${name}.bias`, `${source}.bias`, n);
  };
  add('token_embd.weight', 'embeddings.word_embeddings.weight', n, shape.vocabulary.length);
  add('position_embd.weight', 'embeddings.position_embeddings.weight', n, shape.context);
  add('token_types.weight', 'embeddings.token_type_embeddings.weight', n, 2);
  norm('token_embd_norm', 'embeddings.LayerNorm');
  for (let layer = 0; layer < shape.layers; layer++) {
    const [block, source] = [`blk.${layer}`, `encoder.layer.${layer}`];
    for (const [short, long] of [
      ['q', 'query'],
      ['k', 'key'],
      ['v', 'value'],
    ] as const)
      both(`${block}.attn_${short}`, `${source}.attention.self.${long}`, n, n);
    both(`${block}.attn_output`, `${source}.attention.output.dense`, n, n);
    norm(`${block}.attn_output_norm`, `${source}.attention.output.LayerNorm`);
    both(`${block}.ffn_up`, `${source}.intermediate.dense`, n, feedForward);
    both(`${block}.ffn_down`, `${source}.output.dense`, feedForward, n);
    norm(`${block}.layer_output_norm`, `${source}.output.LayerNorm`);
  }
  return out;
}

/** Letters and digits, alone and within words, and a few words: any text of them has tokens. */
export function smallWordPieces(): string[] {
  const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
  const words = ['the', 'tree', 'banyan', 'root', '##ing', 'of', 'and', 'grow', '.', ',', '?', '!', '-'];
  return [...CONTROLS, ...letters, ...letters.map((letter) => `##${letter}`), ...words];
}
