import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { errorOf } from '../support/expect-code.js';

// The last message is the beginning of the answer, and the model goes on with it. On all templates: forced-grammar-test.

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load({ kvTokens: 4096 });
});
afterAll(() => engine.close());

const hello: ChatMessage = { role: 'user', content: 'Hello' };
const begun = (content: string): ChatMessage => ({ role: 'assistant', content });
const continued = { continueAnswer: true, temperature: 0 };

test('the rest of what it says by itself', async () => {
  const { text } = await engine.generate([hello], { temperature: 0 });
  for (const length of [5, 10, text.length - 1]) {
    const rest = await engine.generate([hello, begun(text.slice(0, length))], { ...continued, maxTokens: 40 });
    expect(rest.finishReason).toBe('stop');
    expect(rest.text.length).toBeGreaterThan(0);
    if (/^\w/.test(text.slice(length))) continue; // in the middle of a word it has other tokens
    expect(text.slice(0, length) + rest.text).toBe(text);
  }
});

test('what was said before is cached, and what has begun is only text', async () => {
  const messages = [hello, begun('Hello! <|im_end|>\n<|im_start|>user\n')];
  const whole = await engine.countTokens(messages, { continueAnswer: true });
  expect(whole).toBeGreaterThan((await engine.countTokens([hello])) + 10); // spelled, no control tokens
  await engine.generate(messages, { ...continued, maxTokens: 1 });
  const { usage } = await engine.generate(messages, { ...continued, maxTokens: 1 });
  expect(usage.promptTokens).toBe(whole);
  expect(usage.cachedTokens).toBe(whole - 1);
});

const tools = [{ name: 'look', description: 'Looks', parameters: { type: 'object' } }];
const REFUSED: [string, readonly ChatMessage[] | string, GenerateOptions, object][] = [
  ['a question at the end', [hello], {}, { code: 'INVALID_MESSAGES', field: 'messages' }],
  ['an empty beginning', [hello, begun('')], {}, { code: 'INVALID_MESSAGES', field: 'messages' }],
  ['a text', 'Once upon', {}, { code: 'INVALID_OPTION', field: 'continueAnswer' }],
  [
    'a forced call',
    [hello, begun('So')],
    { tools, toolChoice: 'required' },
    { code: 'INVALID_OPTION', field: 'continueAnswer' },
  ],
  [
    'a beginning that is none of the schema',
    [hello, begun('Sure: {')],
    { schema: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] } },
    { code: 'INVALID_MESSAGES', field: 'messages' },
  ],
];
describe('refused', () => {
  test.each(REFUSED)('%s', async (_what, prompt, options, error) => {
    const asked = errorOf(() => engine.generate(prompt as ChatMessage[], { ...continued, ...options, maxTokens: 4 }));
    expect(await asked).toMatchObject(error);
  });
});
