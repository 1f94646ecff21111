import { expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

// What people bring along from other libraries is refused with the words of this one.

const { engine } = scripted(() => 'x');
const inner = { name: 'add', description: 'Adds', parameters: { type: 'object' } };
const openai = { type: 'function', function: inner };
const messages = [{ role: 'user', content: 'x' }];
const execute = () => 0;

const generate = (prompt: unknown, options: unknown = {}) => engine.generate(prompt as never, options as never);
const agent = (tools: unknown) => new Agent({ engine, tools: tools as never });
const define = (definition: unknown) => defineTool(definition as never);

test.each<[string, () => unknown, string, RegExp]>([
  ["OpenAI's tool", () => generate(messages, { tools: [openai] }), 'tools[0].description', /pass what is in its `func/],
  [
    'a tool of defineTool() is missing',
    () => generate(messages, { tools: [{ name: 'add', description: '', inputSchema: {} }] }),
    'tools[0].parameters',
    /goes into `parameters`; an Agent takes tools of defineTool\(\)/,
  ],
  [
    "AI SDK's set of tools",
    () => generate(messages, { tools: { add: inner } }),
    'tools',
    /pass \[a, b\], not \{ a, b \}/,
  ],
  ["AI SDK's set of tools for an agent", () => agent({ add: inner }), 'tools', /pass \[a, b\], not \{ a, b \}/],
  [
    "OpenAI's tool for an agent",
    () => agent([openai]),
    'tools[0]',
    /write defineTool\(.*execute \}\) with what is in its/,
  ],
  ['a bare tool for an agent', () => agent([{ ...inner, execute }]), 'tools[0]', /defineTool\(.*around it/],
  ['a described tool for an agent', () => agent([inner]), 'tools[0]', /the agent needs its function/],
  [
    'an engine that was not awaited',
    () => new Agent({ engine: Promise.resolve(engine) as never }),
    'engine',
    /not an object: write `await Engine\.load\(\)`$/,
  ],
  ["OpenAI's definition", () => define(openai), 'function', /This is OpenAI's shape: write defineTool\(/],
])('%s', async (_name, call, field, message) => {
  const error = await errorOf(call);
  expect(error).toMatchObject({ code: 'INVALID_OPTION', field });
  expect(error.message).toMatch(message);
});

test.each<[string, () => unknown, string, RegExp]>([
  ['{ messages }', () => generate({ messages }), 'messages', /generate\(messages, \{/],
  ['{ prompt }', () => generate({ prompt: 'x' }), 'messages', /generate\(text, \{/],
  ['one message', () => generate(messages[0]), 'messages', /generate\(\[message\]\)/],
  ['texts', () => generate(['Hello']), 'messages[0].role', /: write \{ role: 'user', content: '\.\.\.' \} for a text$/],
  ['nothing', () => generate(undefined), 'messages', /a text, a list of messages or token ids/],
  [
    'developer',
    () => generate([{ role: 'developer', content: 'x' }]),
    'messages[0].role',
    /"system" is what is called/,
  ],
  ['parts', () => generate([{ role: 'user', content: [{ type: 'text' }] }]), 'messages[0].content', /join the text of/],
  [
    'calls without content',
    () => generate([{ role: 'assistant', content: null, tool_calls: [] }]),
    'messages[0].content',
    /'' beside calls, which go into `toolCalls/,
  ],
  [
    "OpenAI's calls",
    () => generate([{ role: 'assistant', content: '', tool_calls: [] }]),
    'messages[0].tool_calls',
    /is `toolCalls: \[\{ id, name, arguments \}\]` here/,
  ],
  [
    "OpenAI's results",
    () => generate([{ role: 'tool', content: '', tool_call_id: 'c1' }]),
    'messages[0].toolCallId',
    /write `toolCallId` for `tool_call_id`/,
  ],
])('as a prompt: %s', async (_name, call, field, message) => {
  const error = await errorOf(call);
  expect(error).toMatchObject({ code: 'INVALID_MESSAGES', field });
  expect(error.message).toMatch(message);
});

test('a hint is no new way to fail', async () => {
  const hostile = {
    get messages(): never {
      throw new Error('got me');
    },
  };
  expect(await errorOf(() => generate(hostile))).toMatchObject({ code: 'INVALID_MESSAGES' });
  expect(await errorOf(() => agent([hostile]))).toMatchObject({ code: 'INVALID_OPTION' });
});
