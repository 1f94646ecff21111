import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { servingScript } from '../../testing/engine/serving.js';

type Serving = Awaited<ReturnType<typeof servingScript>>;

const openai = ({ url }: Serving, headers = {}) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0, defaultHeaders: headers });
const classes = ({ native }: Serving) => native.requests.map(({ class: own }) => own);

const chat = { model: 'any', messages: [{ role: 'user' as const, content: 'Hello' }] };

test.each([
  ['priority', 'interactive'],
  ['flex', 'background'],
  ['auto', 'interactive'],
] as const)('service_tier %s is of class %s at each of the three doors', async (tier, wanted) => {
  await using it = await servingScript();
  const { chat: chats, completions, responses } = openai(it);
  const told = await responses.create({ model: 'any', input: 'Hello', service_tier: tier });
  await chats.completions.create({ ...chat, service_tier: tier });
  const more = { service_tier: tier }; // of this door it is no field in the SDK's types
  await completions.create({ model: 'any', prompt: 'Hello', n: 2, ...more });
  expect(classes(it)).toEqual([wanted, wanted, wanted, wanted]);
  expect(told.service_tier).toBe(tier);
});

test('x-banyan-class is that of all requests of a client, but of those that name a tier', async () => {
  await using it = await servingScript();
  const headers = { 'x-banyan-class': 'background' };
  const anthropic = new Anthropic({ baseURL: it.url, apiKey: 'any', maxRetries: 0, defaultHeaders: headers });
  await anthropic.messages.create({ ...chat, max_tokens: 5 });
  const { chat: chats, completions } = openai(it, headers);
  await completions.create({ model: 'any', prompt: 'Hello' });
  await chats.completions.create({ ...chat, service_tier: 'priority' });
  expect(classes(it)).toEqual(['background', 'background', 'interactive']);
});

test('another x-banyan-class is refused with those that there are', async () => {
  await using it = await servingScript();
  const wrong = openai(it, { 'x-banyan-class': 'urgent' }).chat.completions.create(chat);
  await expect(wrong).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining('interactive, workflow, background') as string,
  });
  expect(it.native.requests).toEqual([]);
});
