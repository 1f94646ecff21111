import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ToolSpec } from '../../src/chat/tool-spec.js';
import { Engine } from '../../src/engine/engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// A caller's stop texts count in the answer's text: not in reasoning, and not in a call.

const template = (name: string): string => {
  const found = llamaTemplates().find(([file]) => file.includes(name));
  if (!found) throw new Error(`no template ${name}`);
  return found[1];
};
const parameters = { type: 'object', properties: { kind: { enum: ['file', 'folder'] } }, required: ['kind'] };
const tools: ToolSpec[] = [{ name: 'find', description: 'Finds files', parameters }];
const messages = [{ role: 'user' as const, content: 'Find all.' }];
const EVERY_LETTER = [...'abcdefghijklmnopqrstuvwxyz{}"<> '];

describe.each(['Qwen-Qwen2.5-7B-Instruct', 'Qwen-QwQ-32B', 'Qwen3-Coder', 'gpt-oss', 'gemma-4-31B-it.jinja'])(
  '%s',
  (name) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await Engine.load({ chatTemplate: template(name), kvTokens: 4096, threads: 1 });
    });
    afterAll(() => engine.close());

    test('a call is made whole, whatever letters stop the text', async () => {
      const options = { tools, toolChoice: 'required', parallelToolCalls: false, temperature: 1, seed: 1 } as const;
      const call = await engine.generate(messages, { ...options, maxTokens: 800, stop: EVERY_LETTER });
      expect(call.finishReason).toBe('tool-calls');
      expect(call.text.trim()).toBe('');
      expect(call.toolCalls.map(({ input }) => input)).toEqual([{ kind: expect.stringMatching(/^(file|folder)$/) }]);
    });
  },
);

describe('after reasoning', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ chatTemplate: template('Qwen-QwQ-32B'), kvTokens: 4096, threads: 1 });
  });
  afterAll(() => engine.close());

  test.each([
    ['maybe not', 'be', 'may'],
    ['yes', 'yes', ''],
  ])('the answer %j with the stop text %j is %j', async (answer, stop, text) => {
    const options = { grammar: `root ::= "${answer}"`, temperature: 1, thinkingTokens: 40, maxTokens: 200 };
    for (let seed = 0; seed < 4; seed++) {
      const free = await engine.generate(messages, { ...options, seed });
      expect(free.text).toBe(answer);
      // What the model thought is a stop text too, and stops nothing.
      const word = free.reasoning.trim().slice(0, 3);
      expect(word).not.toBe('');
      const cut = await engine.generate(messages, { ...options, seed, stop: [stop, word] });
      expect(cut).toMatchObject({ finishReason: 'stop-sequence', reasoning: free.reasoning, text });
    }
  });
});
