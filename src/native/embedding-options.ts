import { flag, number, word } from './option-kinds.js';
import { CLASSES } from './vocabulary.js';

/** Options of an embedding that the addon reads as they are. Ranges: EmbeddingOptions in native/engine/options.h. */
export const EMBEDDING = {
  /**
   * Numbers of a vector that are kept, from its first one on, 1 to 1,048,576, at most `info.embeddingSize`. Models that were
   * trained for it (Matryoshka: Qwen3-Embedding, nomic-embed v1.5, EmbeddingGemma) lose little. Default: all.
   */
  dimensions: number('embedding'),
  /** Vectors of length 1, after `dimensions` cut them: their inner product is their cosine. Default true. */
  normalize: flag(true),
  /** Class of the call: who goes first when several wait. Default `interactive`. */
  class: word(CLASSES, 'interactive'),
  /**
   * Share of the engine that its tenant gets while several tenants wait, 1 to 1,000: one of weight 3 gets three texts for each of one of
   * weight 1. The tenant's latest call says it for all of its calls. Default 1.
   */
  tenantWeight: number('embedding', 1),
};
