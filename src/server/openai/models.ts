import type { ModelInfo } from '../../engine/engine.js';

/** An entry of /v1/models. `max_model_len` is vLLM's name of the context, `context_window` that of coding agents. */
export function toModelEntry(name: string, info: ModelInfo, created: number): object {
  return {
    id: name,
    object: 'model',
    created,
    owned_by: 'banyan',
    max_model_len: info.maxContext,
    context_window: info.maxContext,
  };
}
