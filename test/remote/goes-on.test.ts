import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTool } from '../../src/agent/tool.js';
import type { GenerationResult } from '../../src/engine/generation.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { type OneWorker, oneWorker } from '../../testing/remote/one-worker.js';

// An answer that breaks off at a worker goes on there or at another one: what it is held to goes on with it, nothing is said twice,
// and no token of it is computed one by one again.

const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: z.object({ city: z.string().max(12) }),
  execute: async () => '7 degrees',
});
/** The model would call it with what it was asked of: only the grammar says no. */
const french = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: z.object({ city: z.enum(['Paris', 'Rennes', 'Lyon']) }),
  execute: async () => '7 degrees',
});
const ASKED = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

const said = ({ usage: _, ...rest }: GenerationResult<unknown>) => rest;

/** The same answer, whole and broken off after so many tokens. */
async function broken(it: OneWorker, options: GenerateOptions, after: number) {
  const whole = await it.local.generate(ASKED, { temperature: 0, maxTokens: 60, ...options });
  it.breakAfter = after;
  const asked = it.prompts.length;
  const there = await it.remote.generate(ASKED, { temperature: 0, maxTokens: 60, ...options });
  it.breakAfter = Number.POSITIVE_INFINITY;
  expect(said(there)).toEqual(said(whole));
  const [first, second] = it.prompts.slice(asked);
  if (whole.tokens.length <= after) return;
  expect(it.prompts.length - asked).toBe(2);
  expect(second).toEqual([...(first ?? []), ...whole.tokens.slice(0, after)]);
}

describe.each([1, 2, 5, 9, 14, 16])('after %i tokens', (after) => {
  let it: OneWorker;
  beforeAll(async () => {
    it = await oneWorker();
  });
  afterAll(() => it[Symbol.asyncDispose]());

  test.each<[string, GenerateOptions]>([
    ['freely', {}],
    ['a schema', { schema: z.object({ city: z.string().max(8), n: z.number().max(5) }) }],
    ['a grammar', { grammar: 'root ::= "a日🌳€b" [0-9]+', maxTokens: 30 }],
    ['tools that it may call', { tools: [weather] }],
    ['a call of few arguments', { tools: [french] }],
    ['a required call', { tools: [weather], toolChoice: 'required' }],
    ['penalties', { repeatPenalty: 1.4, frequencyPenalty: 0.5, presencePenalty: 0.5, penaltyLastN: -1 }],
    ['a stop text', { stop: 'er in' }],
    ['a bias, and end tokens left out', { logitBias: { 120: 3 }, ignoreEos: true, maxTokens: 20 }],
  ])('%s', (_name, options) => broken(it, options, after));
});

describe('reasoning', () => {
  test('its bound counts what was reasoned before', async () => {
    const [, chatTemplate = ''] = llamaTemplates().find(([file]) => file === 'Qwen-Qwen3-0.6B.jinja') ?? [];
    expect(chatTemplate).toContain('<think>');
    await using it = await oneWorker({ chatTemplate });
    for (const after of [1, 4, 7, 12]) await broken(it, { thinkingTokens: 6, maxTokens: 20 }, after);
  });
});
