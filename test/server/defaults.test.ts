import { expect, test } from 'vitest';
import { rangeOf } from '../../src/kit/option-table.js';
import { servingScript } from '../../testing/engine/serving.js';
import { errorOf } from '../support/expect-code.js';

// What a server sets where a request leaves it open.

const hello = [{ role: 'user', content: 'Hello' }];
const ROUTES: [path: string, body: object, limit: string][] = [
  ['/v1/chat/completions', { messages: hello }, 'max_completion_tokens'],
  ['/v1/responses', { input: hello }, 'max_output_tokens'],
  ['/v1/completions', { prompt: 'Once', max_tokens: 16 }, 'max_tokens'],
  ['/v1/messages', { messages: hello, max_tokens: 16 }, 'max_tokens'],
];

const post = (url: string, path: string, body: object) =>
  fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) }).then((response) => response.json());

test.each(ROUTES)('%s: the request before the server before the engine', async (path, body, limit) => {
  await using own = await servingScript(() => 'Hi', { defaultMaxTokens: 40, defaultTemperature: 0.25 });
  const asked = async (more: object) => {
    const answer = await post(own.url, path, { ...body, ...more });
    const { maxTokens, sampling } = own.native.requests.at(-1) ?? {};
    return { answer, told: [maxTokens, sampling?.temperature] };
  };
  const needed = 'max_tokens' in body; // by OpenAI's or Anthropic's word, or with a default of its own
  const { answer, told } = await asked({});
  expect(told).toEqual([needed ? 16 : 40, 0.25]);
  if (path === '/v1/responses') expect(answer).toMatchObject({ temperature: 0.25, max_output_tokens: 40 });
  expect((await asked({ [limit]: 7, temperature: 0 })).told).toEqual([7, 0]);

  await using open = await servingScript();
  await post(open.url, path, body);
  expect(open.native.requests[0]?.sampling.temperature).toBe(0.8);
  const none = rangeOf('maxTokens', 'request').none; // to the end of the context
  if (!needed) expect(open.native.requests[0]?.maxTokens).toBe(none);
});

test.each(ROUTES)("%s: the request before the server before the model's file before the engine", async (path, body) => {
  const asked = async (more: object, defaultTemperature?: number) => {
    await using own = await servingScript(() => 'Hi', { defaultTemperature });
    Object.assign(own.native.info, { sampling: { temperature: 0.6, topP: 0.7 } });
    const answer = await post(own.url, path, { ...body, ...more });
    const { temperature, topP, topK } = own.native.requests[0]?.sampling ?? {};
    if (path === '/v1/responses') expect(answer).toMatchObject({ temperature, top_p: topP });
    return [temperature, topP, topK];
  };
  expect(await asked({})).toEqual([0.6, 0.7, 40]);
  expect(await asked({ top_p: 0.9 })).toEqual([0.6, 0.9, 40]);
  expect(await asked({ temperature: 1 }, 0.25)).toEqual([1, 0.7, 40]);
  expect(await asked({}, 0.25)).toEqual([0.25, 0.7, 40]);
});

test.each([{ defaultMaxTokens: 0 }, { defaultTemperature: 3 }])('%j is refused', async (options) => {
  expect(await errorOf(() => servingScript(undefined, options))).toMatchObject({ code: 'INVALID_OPTION' });
});
