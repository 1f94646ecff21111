import type { EmbeddingModelV3CallOptions, EmbeddingModelV3Result } from '@ai-sdk/provider';
import { EMBED, type EmbeddingOptions } from '../../embedding/embedding-options.js';
import type { Engine } from '../../engine/engine.js';
import { isBanyanError } from '../../kit/errors.js';
import { readTable } from '../../kit/option-table.js';
import type { OptionsOf } from '../../native/option-kinds.js';
import type { Version } from './specification.js';

const { signal: _signal, ...PROVIDER_OPTIONS } = EMBED;

/** What `providerOptions.banyan` may hold for an embedding: options of `engine.embed()`, such as `dimensions`. */
export interface BanyanEmbeddingOptions extends OptionsOf<typeof PROVIDER_OPTIONS> {}

/** An embedding model of the AI SDK: pass it as `model` to `embed` and `embedMany`. */
export interface EmbeddingModel<Of extends Version> {
  readonly specificationVersion: Of;
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: number;
  readonly supportsParallelCalls: boolean;
  doEmbed(options: EmbeddingModelV3CallOptions): Promise<EmbeddingModelV3Result>;
}

/** Texts of one call; the AI SDK makes several calls of more. */
const MOST_AT_ONCE = 256;

/** An engine of an embedding model as the AI SDK's, in this process. */
export class EngineEmbeddingModel<Of extends Version> implements EmbeddingModel<Of> {
  readonly specificationVersion: Of;
  readonly provider = 'banyan';
  readonly modelId: string;
  readonly maxEmbeddingsPerCall = MOST_AT_ONCE;
  readonly supportsParallelCalls = true;
  readonly #engine: Engine;

  constructor(engine: Engine, version: Of, modelId: string) {
    this.specificationVersion = version;
    this.modelId = modelId;
    this.#engine = engine;
  }

  /** Rejects with BanyanErrors, and as `fetch` does with what the signal was aborted with. */
  async doEmbed({
    values,
    abortSignal: signal,
    providerOptions,
  }: EmbeddingModelV3CallOptions): Promise<EmbeddingModelV3Result> {
    const given = providerOptions?.banyan ?? {};
    const options: EmbeddingOptions = readTable(
      'providerOptions.banyan',
      given,
      PROVIDER_OPTIONS,
      'providerOptions.banyan.',
    );
    try {
      const { vectors, usage } = await this.#engine.embed(values, { ...options, signal });
      const embeddings = vectors.map((vector) => [...vector]);
      return { embeddings, usage: { tokens: usage.promptTokens }, warnings: [] };
    } catch (reason) {
      throw isBanyanError(reason) && reason.code === 'ABORTED' && signal?.aborted ? signal.reason : reason;
    }
  }
}
