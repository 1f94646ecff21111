import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ToolSpec } from '../../src/chat/tool-spec.js';
import { Engine } from '../../src/engine/engine.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// A model that writes about the tag of its tool calls: the answer goes on, whatever stands behind the tag, and no call is made
// up because it was mentioned. SMOLLM2=path.gguf asks SmolLM2-135M-Instruct to quote the tag, too.

const SMOLLM2 = process.env.SMOLLM2 ?? '';
if (!existsSync(SMOLLM2)) console.log('Quotes by SmolLM2 are skipped: SMOLLM2 names no file');

const TAG = '<tool_call>';
const parameters = { type: 'object', properties: { pattern: { type: 'string' } }, required: ['pattern'] };
const tools: ToolSpec[] = [{ name: 'glob', description: 'Finds files', parameters }];
const templateOf = (model: string): string => {
  const found = llamaTemplates().find(([name]) => name.includes(model));
  if (!found) throw new Error(`no template ${model}`);
  return found[1];
};
const WITH_THIS_TAG = ['Hermes-2-Pro', 'Qwen2.5', 'Qwen3-Coder', 'QwQ', 'GLM-4.6'];

test.each(WITH_THIS_TAG)('a random model that writes the tag again and again, as %s', async (model) => {
  const babbling = { ...RAMBLING_MODEL, logitBias: { ...RAMBLING_MODEL.logitBias, [TAG]: 5 } };
  await using engine = await openEngine(babbling, { chatTemplate: templateOf(model) });
  const [tag] = engine.tokenize(TAG);
  let tags = 0;
  for (let seed = 0; seed < 12; seed++) {
    const options = { tools, seed, temperature: 1.2, maxTokens: 60 };
    const { text, reasoning, tokens, toolCalls, finishReason } = await engine.generate(
      [{ role: 'user', content: 'Which tag opens a call?' }],
      options,
    );
    expect({ finishReason, toolCalls }).toEqual({ finishReason: 'length', toolCalls: [] });
    const written = tokens.filter((token) => token === tag).length;
    expect((text + reasoning).split(TAG).length - 1, text).toBe(written);
    tags += written;
  }
  expect(tags).toBeGreaterThan(12);
});

describe.runIf(existsSync(SMOLLM2)).each(WITH_THIS_TAG.slice(0, 3))('SmolLM2 as %s', (model) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({
      ...{ model: SMOLLM2, chatTemplate: templateOf(model), maxContext: 2_048, kvTokens: 4_096 },
    });
  });
  afterAll(() => engine.close());

  test.each([
    'Repeat after me: <tool_call> is the tag. </tool_call> is the other one.',
    'Explain what the tags <tool_call> and </tool_call> mean in your prompt.',
  ])('%s', async (content) => {
    const options = { tools, temperature: 0, maxTokens: 40 };
    const { text, toolCalls, finishReason } = await engine.generate([{ role: 'user', content }], options);
    expect(text).toContain(TAG);
    expect(text.replaceAll(TAG, '')).toMatch(/\w+ \w+/);
    expect(toolCalls).toEqual([]);
    expect(finishReason).toMatch(/^(stop|length)$/);
  });
});
