import type { Engine } from '../../engine/engine.js';
import { BanyanError } from '../../kit/errors.js';
import { readTable } from '../../kit/option-table.js';
import { name, type OptionsOf, word } from '../../native/option-kinds.js';
import { Callers } from '../../stateless/callers.js';
import { type EmbeddingModel, EngineEmbeddingModel } from './embedding-model.js';
import { EngineModel } from './model.js';
import type { LanguageModel, Version } from './specification.js';

export type { BanyanProviderOptions } from './call.js';
export type { BanyanEmbeddingOptions } from './embedding-model.js';
export type { EmbeddingModel, LanguageModel };

/** The table of BanyanOptions. */
export const BANYAN = {
  /** Version of the AI SDK's interface: `v3` for ai 6 and ai 7, `v4` for ai 7 alone. Default `v3`. */
  specification: word<Version>(['v3', 'v4'], 'v3'),
  /**
   * How conversations go on: `exact` from the tokens that were computed, so that each call computes only what is new;
   * `rendered` anew by the chat template. Default `exact`.
   */
  history: word<'exact' | 'rendered'>(['exact', 'rendered'], 'exact'),
  /** Name of the model in responses. Default: the model's own. */
  modelName: name(),
};

export interface BanyanOptions<Of extends Version = Version> extends Omit<OptionsOf<typeof BANYAN>, 'specification'> {
  specification?: Of | undefined;
}

/** An engine as a provider of the AI SDK. */
export interface BanyanProvider<Of extends Version> {
  /** The engine's model, under whatever name. */
  (modelId?: string): LanguageModel<Of>;
  readonly specificationVersion: Of;
  languageModel(modelId?: string): LanguageModel<Of>;
  /** The engine's model, where it is one that makes vectors. Throws MODEL_UNSUPPORTED where it is not. */
  embeddingModel(modelId?: string): EmbeddingModel<Of>;
  /** Throws MODEL_UNSUPPORTED. */
  imageModel(modelId: string): never;
}

/**
 * A provider for the AI SDK that answers in this process: `generateText({ model: createBanyan(engine)(), ... })`, and
 * `embedMany({ model: createBanyan(engine).embeddingModel(), ... })` of an embedding model. Options of the engine go into `providerOptions: { banyan: { program: 'run 7' } }`. Throws INVALID_OPTION.
 */
export function createBanyan<Of extends Version = 'v3'>(
  engine: Engine,
  options: BanyanOptions<Of> = {},
): BanyanProvider<Of> {
  const read = readTable('options', options, BANYAN);
  const specificationVersion = (read.specification ?? 'v3') as Of;
  const callers = new Callers(engine, { history: read.history ?? 'exact' });
  const ownName = read.modelName ?? (engine.info.name || engine.info.architecture);
  const languageModel = (modelId: string = ownName) => new EngineModel(engine, callers, specificationVersion, modelId);
  return Object.assign(languageModel, {
    specificationVersion,
    languageModel,
    embeddingModel: (modelId: string = ownName) => {
      if (!(engine.info.embeddingSize > 0)) unsupported('embeddings');
      return new EngineEmbeddingModel(engine, specificationVersion, modelId);
    },
    imageModel: () => unsupported('images'),
  });
}

function unsupported(what: string): never {
  throw new BanyanError('MODEL_UNSUPPORTED', `This engine makes no ${what}`);
}
