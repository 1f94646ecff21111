import type { EmbeddingModelV3, ProviderV3 } from '@ai-sdk/provider';
import { cosineSimilarity, createProviderRegistry, embed, embedMany, generateText } from 'ai';
import type { EmbeddingModelV4 } from 'ai-sdk-provider-v4';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBanyan } from '../../src/adapters/ai-sdk/provider.js';
import { Engine } from '../../src/engine/engine.js';
import { randomBert } from '../../testing/models/bert-model.js';

// The AI SDK's own functions on an engine of an embedding model.

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load({ model: randomBert({ pooling: 'mean' }), threads: 1 });
});
afterAll(() => engine.close());

const model = () => createBanyan(engine).embeddingModel();
const texts = ['the banyan tree', 'roots grow', 'why?'];

test('vectors of one text, of many, and of more than one call takes, in their order', async () => {
  const { vectors, usage } = await engine.embed(texts);
  const own = vectors.map((vector) => [...vector]);
  const many = await embedMany({ model: model(), values: texts });
  expect(many.embeddings).toEqual(own);
  expect(many.usage.tokens).toBe(usage.promptTokens);
  const { embedding: one } = await embed({ model: model(), value: texts[1] as string });
  expect(cosineSimilarity(one, own[1] as number[])).toBeCloseTo(1, 3); // alone, its sums are rounded otherwise
  const values = Array.from({ length: 600 }, (_, index) => texts[index % 3] as string);
  const { embeddings } = await embedMany({ model: model(), values });
  expect(embeddings).toHaveLength(600);
  for (const [index, embedding] of embeddings.entries()) {
    expect(cosineSimilarity(embedding, own[index % 3] as number[])).toBeCloseTo(1, 3);
  }
});

test('options of the engine, an abort, and what is wrong', async () => {
  const asked = { model: model(), values: texts, maxRetries: 0 };
  const short = await embedMany({ ...asked, providerOptions: { banyan: { dimensions: 8 } } });
  expect(short.embeddings.map(({ length }) => length)).toEqual([8, 8, 8]);
  const wrong = embedMany({ ...asked, providerOptions: { banyan: { dimension: 8 } } });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  const reason = new Error('enough');
  await expect(embedMany({ ...asked, abortSignal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const long = embedMany({ ...asked, values: ['root '.repeat(5_000)] });
  await expect(long).rejects.toMatchObject({ code: 'PROMPT_TOO_LONG' });
});

test('it stands in a registry; a model that embeds answers no chat, and one that chats embeds nothing', async () => {
  const registry = createProviderRegistry({ banyan: createBanyan(engine) as ProviderV3 });
  const { embedding } = await embed({ model: registry.embeddingModel('banyan:any'), value: 'x' });
  expect(embedding).toHaveLength(engine.info.embeddingSize);
  const chat = generateText({ model: createBanyan(engine)(), prompt: 'Hello', maxRetries: 0 });
  await expect(chat).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  await using chatting = await Engine.load();
  expect(() => createBanyan(chatting).embeddingModel()).toThrow(/makes no embeddings/);
});

test('its types are those of both versions of the interface', () => {
  const v3: EmbeddingModelV3 = createBanyan(engine).embeddingModel();
  const v4: EmbeddingModelV4 = createBanyan(engine, { specification: 'v4' }).embeddingModel('any');
  expect([v3.specificationVersion, v4.specificationVersion, v4.modelId]).toEqual(['v3', 'v4', 'any']);
});
