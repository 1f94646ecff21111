import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import type { ToolSpec } from '../../src/chat/tool-spec.js';
import { Engine } from '../../src/engine/engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { errorOf } from '../support/expect-code.js';

// Turns that must call a tool, inside sessions and agents, and how long an answer may think before.

const template = (name: string): string => {
  const found = llamaTemplates().find(([file]) => file.includes(name));
  if (!found) throw new Error(`no template ${name}`);
  return found[1];
};
const parameters = {
  type: 'object',
  properties: { kind: { enum: ['file', 'folder'] }, deep: { type: 'boolean' } },
  required: ['kind', 'deep'],
};
const tools: ToolSpec[] = [{ name: 'find', description: 'Finds files', parameters }];
const THINKING = 'Qwen-QwQ-32B';

describe.each(['Qwen-Qwen2.5-7B-Instruct', THINKING, 'gpt-oss', 'GLM-4.6', 'gemma-4-31B-it.jinja'])('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ chatTemplate: template(name), kvTokens: 4096, threads: 1 });
  });
  afterAll(() => engine.close());

  test('each turn of a session makes its call', async () => {
    const session = engine.session({ tools, toolChoice: 'required', parallelToolCalls: false, maxTokens: 800 });
    let message: string | ChatMessage = 'Find all.';
    for (let turn = 0; turn < 3; turn++) {
      const { toolCalls, finishReason } = await session.generate(message, { temperature: 1, seed: turn });
      expect(finishReason).toBe('tool-calls');
      expect(toolCalls).toHaveLength(1);
      const call = toolCalls[0] as ToolCall;
      expect(call.input).toEqual({ kind: expect.stringMatching(/^(file|folder)$/), deep: expect.any(Boolean) });
      message = { role: 'tool', toolCallId: call.id, name: 'find', content: '[]' };
    }
    const { toolCalls } = await session.generate(message, { toolChoice: 'none', maxTokens: 8, seed: 1 });
    expect(toolCalls).toEqual([]);
  });

  test('a run that had no room for its call does not pretend to have answered', async () => {
    const find = defineTool({ name: 'find', description: 'Finds files', input: parameters, execute: () => [] });
    const agent = new Agent({ engine, tools: [find], forceTools: 2, maxTokens: 3 });
    const { stopReason, steps } = await agent.run('Find all.');
    expect(stopReason).toBe('max-tokens');
    expect(steps).toHaveLength(1);
  });
});

describe('thinkingTokens', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ chatTemplate: template(THINKING), kvTokens: 4096, threads: 1 });
  });
  afterAll(() => engine.close());
  const ask = (thinkingTokens: number | undefined, more = {}) =>
    engine.generate([{ role: 'user', content: 'Why?' }], { temperature: 1, seed: 4, thinkingTokens, ...more });

  test.each([-1, 1.5, Number.NaN, 2 ** 31])('%s is no number of tokens', async (thinkingTokens) => {
    expect(await errorOf(() => ask(thinkingTokens))).toMatchObject({ code: 'INVALID_OPTION', field: 'thinkingTokens' });
  });

  test.each([0, 1, 20])('%s of them at most, then the answer', async (thinkingTokens) => {
    const { reasoning, text, tokens, finishReason } = await ask(thinkingTokens, { grammar: 'root ::= "yes" | "no"' });
    expect(finishReason).toBe('stop');
    expect(text).toMatch(/^(yes|no)$/);
    // The last may end in the middle of a character, and goes on to the end of it; then come the tag and the answer.
    expect(tokens.length).toBeLessThanOrEqual(thinkingTokens + 4 + engine.tokenize('</think>').length + 4);
    if (thinkingTokens === 20) expect(reasoning).not.toBe('');
  });

  test('a free answer is bounded only when asked to', async () => {
    const free = await ask(undefined, { maxTokens: 60 });
    const bounded = await ask(10, { maxTokens: 60 });
    expect(free.reasoning.length).toBeGreaterThan(bounded.reasoning.length);
    expect(bounded.text).not.toBe('');
  });
});
