import { BanyanError } from '../kit/errors.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';

/** Refuses texts to embed: MODEL_UNSUPPORTED, unless the model makes vectors. */
export function checkEmbeds({ embeddingSize, name, architecture }: NativeModelInfo): void {
  if (embeddingSize > 0) return;
  const message =
    `${name || architecture || 'This model'} generates text and embeds none: load an embedding model, such as ` +
    'hf:Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0, or say with `pooling` how this one is to make a vector';
  throw new BanyanError('MODEL_UNSUPPORTED', message, { field: 'model' });
}

/** Refuses what generates: MODEL_UNSUPPORTED for an embedding model. */
export function checkGenerates({ embeddingSize, name, architecture }: NativeModelInfo): void {
  if (!(embeddingSize > 0)) return;
  const message =
    `${name || architecture} is an embedding model and generates no text: use engine.embed() (POST /v1/embeddings), ` +
    'or load a chat model, such as hf:Qwen/Qwen3-4B-GGUF:Q4_K_M';
  throw new BanyanError('MODEL_UNSUPPORTED', message, { field: 'model' });
}
