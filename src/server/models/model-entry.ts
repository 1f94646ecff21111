/** What is known of a model without loading it. */
export interface KnownModel {
  readonly name: string;
  readonly created: number;
  readonly state: 'unloaded' | 'loading' | 'loaded' | 'unloading';
  /** Other names of it. */
  readonly aliases: readonly string[];
  /** Tokens of a request; undefined: it was never loaded. */
  readonly maxContext: number | undefined;
}

/** An entry of /v1/models. `max_model_len` is vLLM's name of the context, `context_window` that of coding agents. */
export function toModelEntry({ name, created, state, aliases, maxContext }: KnownModel): object {
  return {
    ...{ id: name, object: 'model', created, owned_by: 'banyan', state },
    ...(aliases.length > 0 && { aliases }),
    ...(maxContext !== undefined && { max_model_len: maxContext, context_window: maxContext }),
  };
}
