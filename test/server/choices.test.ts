import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, serve } from '../../src/server/serve.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';

// Several answers to one question. The model follows a script, so that an answer tells which one it is.

/** Says its seed, in two steps; one whose prompt asks for it fails. */
const script: Script = (prompt, { sampling }) => {
  if (prompt.includes('fail') && sampling.seed === 6)
    return { steps: ['a'], error: { code: 'STEP_FAILED', message: 'it failed' } };
  if (prompt.includes('fail')) return { steps: Array(2_000).fill('on ') };
  return { steps: ['seed ', String(sampling.seed)] };
};

const { engine, native } = scripted(script);
let server: Server;
let client: OpenAI;
beforeAll(async () => {
  server = await serve(engine, { port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => server.close());

const body = { model: 'any', seed: 5, n: 3 };
const chat = { ...body, messages: [{ role: 'user' as const, content: 'Hello' }] };
const said = ['seed 5', 'seed 6', 'seed 7'];

test('chat: each answer has its index and its seed, whole and streamed; usage comes once', async () => {
  const { choices } = await client.chat.completions.create(chat);
  expect(choices.map(({ index, message }) => [index, message.content])).toEqual([...said.entries()]);
  const streamed = ['', '', ''];
  const [roles, ends, usages]: [number[], number[], number[]] = [[], [], []];
  const stream_options = { include_usage: true };
  for await (const chunk of await client.chat.completions.create({ ...chat, stream: true, stream_options })) {
    if (chunk.usage) usages.push(chunk.usage.completion_tokens);
    for (const { index, delta, finish_reason: end } of chunk.choices) {
      streamed[index] += delta.content ?? '';
      if (delta.role) roles.push(index);
      if (end) ends.push(index);
    }
  }
  expect(streamed).toEqual(said);
  expect([roles.sort(), ends.sort(), usages]).toEqual([[0, 1, 2], [0, 1, 2], [3 * 'seed 5'.length]]);
});

test('completions: n of each prompt side by side, with logprobs at their places, whole and streamed', async () => {
  const asked = { ...body, prompt: ['x', 'y'], echo: true };
  const all = [...said.map((text) => `x${text}`), ...said.map((text) => `y${text}`)];
  const { choices } = await client.completions.create(asked);
  expect(choices.map(({ index, text }) => [index, text])).toEqual([...all.entries()]);
  const streamed = all.map(() => '');
  for await (const chunk of await client.completions.create({ ...asked, stream: true }))
    for (const { index, text } of chunk.choices) streamed[index] += text;
  expect(streamed).toEqual(all);
});

test.each([false, true])('one that fails ends the others, streamed: %s', async (stream) => {
  for (const create of [
    () =>
      client.chat.completions.create({
        ...chat,
        stream,
        messages: [{ role: 'user', content: 'fail' }],
      } as never) as unknown,
    () => client.completions.create({ ...body, prompt: 'fail', stream } as never) as unknown,
  ]) {
    const from = native.cancelled.length;
    const asked = native.requests.length;
    const read = async () => {
      const answer = await create();
      if (stream) for await (const _ of answer as AsyncIterable<unknown>);
    };
    await expect(read()).rejects.toThrow('it failed');
    expect(native.cancelled.slice(from)).toEqual(expect.arrayContaining([asked + 1, asked + 3]));
  }
});

test('one seed of all is random for each; best_of above n is refused by name', async () => {
  const { choices } = await client.chat.completions.create({ ...chat, seed: null });
  expect(choices.map(({ message }) => message.content)).toEqual(['seed -1', 'seed -1', 'seed -1']);
  const failure = (more: object) => client.chat.completions.create({ ...chat, ...more } as never).catch((why) => why);
  expect(await failure({ best_of: 4 })).toMatchObject({ status: 400, param: 'best_of' });
  expect(await failure({ n: 0 })).toMatchObject({ status: 400, param: 'n' });
  expect((await client.chat.completions.create({ ...chat, best_of: 3 } as never)).choices).toHaveLength(3);
});
