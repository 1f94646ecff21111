import { createHash } from 'node:crypto';
import type { NativeModelInfo } from '../../native/reports/model-info.js';
import type { ChatModel } from './chat-model.js';
import { OWN_SAMPLING } from './chat-options.js';

/** Requests that run at the same time, as far as is known: as many as an engine does by default. */
const RUNNING = 16;

type Named = Pick<ChatModel, 'provider' | 'modelId'>;

/** What is known of a provider's model: its name. Journals know it by that, and one that several providers have by all their names. */
export function chatInfo(models: readonly Named[]): NativeModelInfo {
  const [{ provider, modelId } = { provider: '', modelId: '' }] = models;
  const names = [...new Set(models.map((one) => JSON.stringify([one.provider, one.modelId])))].sort();

  return {
    ...{ path: '', architecture: '', name: modelId, sizeBytes: 0, parameters: 0, contextTrain: 0 },
    digest: createHash('sha256').update(names.join('\n')).digest('hex'),
    ...{ vocabSize: 0, longestToken: 0, attention: 'stock', kernel: 'remote', backend: provider, cpuReason: '' },
    noReuseReason: 'an engine elsewhere keeps its cache to itself',
    ...{ pages: 0, pageTokens: 0, pageBytes: 0, poolBytes: 0, poolUsedBytes: 0, states: 0, stateBytes: 0 },
    ...{ windowTokens: 0, windowBytes: 0, windowNeededBytes: 0 },
    ...{ maxContext: 2 ** 30, maxRunning: RUNNING * models.length, maxBatchTokens: 0 },
    ...{ hasChatTemplate: true, supportsTools: true, toolFormat: 'template', supportsParallelCalls: true },
    supportsLateSystem: false, // Anthropic's takes no instructions in the midst of a conversation
    ...{ eosText: '', sampling: OWN_SAMPLING, samplingReason: '', pooling: 'none', embeddingSize: 0 },
    ...{ cacheDir: '', cacheReason: '', draftTokens: 'off', noDraftsReason: '' },
    ...{ draftModel: '', draftModelBytes: 0, draftPoolBytes: 0 },
  };
}
