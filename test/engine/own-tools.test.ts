import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import { toConversation } from '../../src/chat/conversation.js';
import { toolInstructions, withOwnTools } from '../../src/chat/shapes/own-tools.js';
import { type ToolSpec, toTemplateTools } from '../../src/chat/tool-spec.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { errorOf } from '../support/expect-code.js';
import { HISTORIES } from '../support/history-shapes.js';

// Tools on models whose chat template shows none: our own format, told in the instructions. On all templates it goes through
// what native formats go through: histories, lossless, forced-answers, templates, server/continuation.

const templateOf = (model: string) => llamaTemplates().find(([name]) => name.includes(model))?.[1] as string;
const text = { type: 'string', maxLength: 8 };
const parameters = { type: 'object', properties: { word: text }, required: ['word'] };
const lookup: ToolSpec = { name: 'lookup', description: 'Looks a word up', parameters };
const count: ToolSpec = { name: 'count', description: 'Counts: "to" {n}', parameters: { type: 'object' } };
const tools = toTemplateTools([lookup, count]);

describe('as texts', () => {
  const call = (word: string): ToolCall => ({
    id: word,
    name: 'lookup',
    arguments: `{"word":"${word}"}`,
    input: { word },
  });
  const result = (word: string): ChatMessage => ({
    role: 'tool',
    toolCallId: word,
    name: 'lookup',
    content: `${word}!`,
  });

  test('tools, sorted, one a line', () => {
    const shown = toolInstructions(tools);
    expect(shown).toContain(
      [
        '<tools>',
        '{"name": "count", "description": "Counts: \\"to\\" {n}", "parameters": {"type": "object"}}',
        '{"name": "lookup", "description": "Looks a word up", "parameters": {"type": "object", "properties": {"word": {"type": "string", "maxLength": 8}}, "required": ["word"]}}',
        '</tools>',
      ].join('\n'),
    );
    expect(toolInstructions(toTemplateTools([count, lookup]))).toBe(shown);
  });

  test('calls are said by the assistant, results by the user', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Look.' },
      { role: 'assistant', content: 'I look.', toolCalls: [call('a'), call('b')] },
      result('a'),
      result('b'),
      { role: 'assistant', content: 'Found.' },
    ];
    expect(withOwnTools(messages, tools)).toEqual([
      { role: 'system', content: `Be brief.\n\n${toolInstructions(tools)}` },
      { role: 'user', content: 'Look.' },
      {
        role: 'assistant',
        content:
          'I look.\n<tool_call>\n{"name": "lookup", "arguments": {"word":"a"}}\n</tool_call>\n<tool_call>\n{"name": "lookup", "arguments": {"word":"b"}}\n</tool_call>',
      },
      { role: 'user', content: '<tool_response>\na!\n</tool_response>\n<tool_response>\nb!\n</tool_response>' },
      { role: 'assistant', content: 'Found.' },
    ]);
  });

  test('nothing is left that a template may not know, and a longer conversation begins as the shorter one', () => {
    const turn = fc.constantFrom(...Object.values(HISTORIES));
    fc.assert(
      fc.property(fc.array(turn, { minLength: 1, maxLength: 3 }), turn, (turns, more) => {
        const answered: ChatMessage = { role: 'assistant', content: 'So.' };
        const past = [...turns.flatMap((messages) => [...messages, answered])];
        const whole = withOwnTools(toConversation([...past, ...more]), tools);
        for (const message of whole) {
          expect(message.role).not.toBe('tool');
          expect(Object.keys(message).filter((key) => !['role', 'content', 'reasoning'].includes(key))).toEqual([]);
        }
        const before = withOwnTools(toConversation(past), tools);
        expect(whole.slice(0, before.length)).toEqual(before);
      }),
    );
  });
});

test('which format a model uses is said, and ours can be switched off', async () => {
  const chatTemplate = templateOf('Phi-3.5-mini');
  const messages = [{ role: 'user' as const, content: 'x' }];
  const formats = async (options: object) => {
    await using engine = await openEngine(ENDING_MODEL, { kvTokens: 1024, ...options });
    const { toolFormat, supportsTools } = engine.info;
    const asked = async () => engine.generate(messages, { tools: [lookup], maxTokens: 1 });
    const answered = await asked().then(
      () => 'answered',
      ({ code }) => code,
    );
    return [toolFormat, supportsTools, answered];
  };
  expect(await formats({})).toEqual(['template', true, 'answered']);
  expect(await formats({ chatTemplate })).toEqual(['banyan', true, 'answered']);
  expect(await formats({ chatTemplate, toolFormat: 'template' })).toEqual(['none', false, 'MODEL_UNSUPPORTED']);
});

test('a base model brings no template: tools are refused, and taken with a template of the caller', async () => {
  const base = { ...ENDING_MODEL, chatTemplate: '' };
  await using plain = await openEngine(base, { kvTokens: 1024 });
  expect(plain.info).toMatchObject({ hasChatTemplate: false, supportsTools: false, toolFormat: 'none' });
  const error = await errorOf(() => plain.session({ tools: [lookup] }));
  expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED', field: 'tools' });
  expect(error.message).toContain('no chat template');
  await using given = await openEngine(base, { kvTokens: 4096, chatTemplate: templateOf('gemma-2-2b') });
  const options = { tools: [lookup], toolChoice: 'required', maxTokens: 100 } as const;
  expect((await given.generate([{ role: 'user', content: 'x' }], options)).toolCalls).toHaveLength(1);
});

test('a template that leaves instructions out gets them in the question', async () => {
  const chatTemplate =
    "{% for m in messages %}{% if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
  await using engine = await openEngine(ENDING_MODEL, { kvTokens: 4096, chatTemplate });
  const asked = (given: readonly ToolSpec[]) =>
    engine.countTokens(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'x' },
      ],
      { tools: given },
    );
  expect((await asked([lookup])) - (await asked([]))).toBeGreaterThan(100);
});

test.each(['Phi-3.5-mini', 'gemma-2-2b', 'SmolLM3', 'rwkv-world', 'DeepSeek-R1-Distill-Llama'])(
  'an agent on the template of %s: calls run, results go back, each turn computes only what is new',
  { timeout: 60_000 },
  async (name) => {
    await using engine = await openEngine(ENDING_MODEL, { chatTemplate: templateOf(name) });
    const words: string[] = [];
    const tool = defineTool({
      ...{ name: 'lookup', description: 'Looks a word up', input: parameters },
      execute: (input) => {
        words.push((input as { word: string }).word);
        return 'THE RESULT';
      },
    });
    const agent = new Agent({
      engine,
      tools: [tool],
      system: 'You help.',
      maxTokens: 120,
      temperature: 0,
      forceTools: 2,
    });
    const run = agent.run('What is a banyan?');
    const { steps } = await run;
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(words.length).toBeGreaterThanOrEqual(2);
    for (const [index, { usage }] of steps.entries()) {
      const before = steps[index - 1]?.usage;
      if (before) expect(usage.cachedTokens).toBeGreaterThanOrEqual(before.promptTokens + before.outputTokens - 1);
    }
    const read = engine.detokenize(run.session.tokens, { special: true });
    expect(read).toContain('<tool_response>\nTHE RESULT\n</tool_response>');
    expect(read.match(/"Looks a word up"/g)).toHaveLength(1);
  },
);
