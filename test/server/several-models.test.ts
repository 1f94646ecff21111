import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { Models } from '../../src/models/models.js';
import { bytesOf } from '../../src/models/size.js';
import { type ServerOptions, serve } from '../../src/server/serve.js';
import { ENDING_MODEL } from '../../testing/engine/random-engine.js';
import { ScriptedEngine } from '../../testing/engine/scripted-engine.js';
import { AMPLE, scriptedModels, servingModels } from '../../testing/engine/serving-models.js';
import { randomBert } from '../../testing/models/bert-model.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';

// One server, several models: a request's `model` picks one, which is loaded when it is asked for.

const hello = [{ role: 'user' as const, content: 'Hello' }];

const gate = () => {
  let open = () => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
};

test('two chat models and an embedding model, with the official SDK', { timeout: 60_000 }, async () => {
  const small = { threads: 1, kvTokens: 4_096 };
  await using it = await servingModels(
    {
      models: {
        a: { model: randomModel(ENDING_MODEL), ...small },
        b: { model: randomModel(), ...small },
        vectors: { model: randomBert({ pooling: 'mean' }), threads: 1 },
      },
      memoryBytes: AMPLE,
    },
    { aliases: { 'gpt-4o': 'b', 'text-embedding-*': 'vectors' } },
  );
  expect(await it.states()).toEqual({ a: 'unloaded', b: 'unloaded', vectors: 'unloaded' });
  const ask = (model: string) =>
    it.openai.chat.completions.create({ model, messages: hello, temperature: 0, max_tokens: 12 });
  const first = await ask('a');
  expect(first.model).toBe('a');
  expect(await it.states()).toEqual({ a: 'loaded', b: 'unloaded', vectors: 'unloaded' });
  const aliased = await ask('gpt-4o');
  expect(aliased.model).toBe('b');
  for (const [name, { choices }] of [
    ['a', first],
    ['b', aliased],
  ] as const) {
    const alone = await it.models.use(name, (engine) => engine.generate(hello, { temperature: 0, maxTokens: 12 }));
    expect(choices[0]?.message.content ?? '').toBe(alone.text);
  }
  const { data, model } = await it.openai.embeddings.create({ model: 'text-embedding-3-small', input: 'a tree' });
  const alone = await it.models.use('vectors', (engine) => engine.embed('a tree'));
  expect([model, data[0]?.embedding]).toEqual(['vectors', [...(alone.vectors[0] as Float32Array)]]);
  const chatless = await it.post('/v1/chat/completions', { model: 'vectors', messages: hello });
  expect(chatless.status).toBe(400);
  expect(await it.states()).toEqual({ a: 'loaded', b: 'loaded', vectors: 'loaded' });

  // A conversation goes on from its own tokens, of its own model.
  const answer = { role: 'assistant' as const, content: first.choices[0]?.message.content ?? '' };
  const messages = [...hello, answer, { role: 'user' as const, content: 'And then?' }];
  const cached = async (name: string) =>
    (await it.openai.chat.completions.create({ model: name, messages, max_tokens: 4 })).usage?.prompt_tokens_details
      ?.cached_tokens ?? 0;
  const whole = await it.models.use('a', (engine) => engine.countTokens(hello));
  expect(await cached('a')).toBeGreaterThanOrEqual(whole - 32);

  const counts = await fetch(`${it.url}/metrics`).then((got) => got.text());
  expect(counts).toContain('banyan_model_loaded{model_name="vectors"} 1');
  expect(counts).toMatch(/banyan_http_responses_total\{route="\/v1\/embeddings",status="200"\} 1/);
  const ofB = await fetch(`${it.url}/metrics?model=b`).then((got) => got.text());
  expect(ofB).toMatch(/vllm:request_success_total\{[^}]*model_name="b"[^}]*\} [12]\n/);
});

test('a name that is none: 404 with those that there are; no name: the first', async () => {
  await using it = await scriptedModels(['a', 'b'], {}, { aliases: { 'claude-*': 'b' } });
  const unknown = await errorOf(() => it.openai.chat.completions.create({ model: 'c', messages: hello }));
  expect(unknown).toMatchObject({
    ...{ status: 404, code: 'model_not_found', param: 'model' },
    message: expect.stringContaining('There is no model "c"; there are: a, b'),
  });
  const said = await it.post('/v1/messages', { model: 'c', max_tokens: 4, messages: hello });
  expect([said.status, await said.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
  expect((await fetch(`${it.url}/v1/models/c`)).status).toBe(404);
  expect((await fetch(`${it.url}/metrics?model=c`)).status).toBe(404); // switched off
  const one = await fetch(`${it.url}/v1/models/claude-haiku-4-5`).then((answer) => answer.json());
  expect(one).toEqual({
    ...{ id: 'b', object: 'model', created: expect.any(Number), owned_by: 'banyan', state: 'unloaded' },
    aliases: ['claude-*'],
  });
  expect(await it.states()).toEqual({ a: 'unloaded', b: 'unloaded' }); // nothing of that has loaded one
  const first = await it.post('/v1/chat/completions', { messages: hello });
  expect(await first.json()).toMatchObject({ model: 'a', choices: [{ message: { content: 'a says' } }] });
  const anthropic = await it.post('/v1/messages', { model: 'claude-haiku-4-5', max_tokens: 4, messages: hello });
  expect(await anthropic.json()).toMatchObject({ model: 'b', content: [{ text: 'b says' }] });
});

test('a stream that waits for a load hears of it, and goes on when it is loaded', async () => {
  await using it = await scriptedModels(['a'], {}, { keepAliveMs: 10 });
  const { closed, open } = gate();
  it.gates.set('a', closed);
  const answer = await it.post('/v1/chat/completions', { model: 'a', messages: hello, stream: true });
  expect([answer.status, await it.states()]).toEqual([200, { a: 'loading' }]);
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let said = '';
  const readUntil = async (text: string) => {
    for (let piece = await reader.read(); ; piece = await reader.read()) {
      said += piece.value ?? '';
      if (said.includes(text)) return;
      if (piece.done) throw new Error(`it ended: ${said}`);
    }
  };
  await readUntil(': the model is loaded\n\n');
  open();
  await readUntil('data: [DONE]');
  expect(said).toMatch(/"content":"a says"/);
  expect(said).not.toContain('error');
});

test('the official SDK reads such a stream, of chat and of responses', async () => {
  await using it = await scriptedModels(['a', 'b'], {}, { keepAliveMs: 10 });
  const { closed, open } = gate();
  it.gates.set('a', closed).set('b', closed);
  const chat = it.openai.chat.completions.create({ model: 'a', messages: hello, stream: true });
  const responses = it.openai.responses.create({ model: 'b', input: 'Hello', stream: true });
  const streams = await Promise.all([chat, responses]); // opened: both wait
  open();
  let text = '';
  for await (const { choices } of streams[0]) text += choices[0]?.delta.content ?? '';
  for await (const event of streams[1]) if (event.type === 'response.output_text.delta') text += ` ${event.delta}`;
  expect(text).toBe('a says b says');
});

test('a model that cannot be loaded fails its own requests only, in the words of each face', async () => {
  await using it = await scriptedModels(['good', 'bad'], {}, { keepAliveMs: 10 });
  it.broken.add('bad');
  const failed = await errorOf(() => it.openai.chat.completions.create({ model: 'bad', messages: hello }));
  expect(failed).toMatchObject({ status: 503, code: 'model_unavailable', param: 'model' });
  expect((failed as Error).message).not.toContain('secret');
  expect(await it.states()).toEqual({ good: 'unloaded', bad: 'unloaded' });
  const good = await it.openai.chat.completions.create({ model: 'good', messages: hello });
  expect(good.choices[0]?.message.content).toBe('good says');

  // Of streams that were opened meanwhile it is the last event.
  const faces: [path: string, body: object, last: RegExp][] = [
    ['/v1/chat/completions', { messages: hello }, /data: \{"error":\{"message":"The model bad could not be loaded/],
    [
      '/v1/messages',
      { messages: hello, max_tokens: 4 },
      /event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error"/,
    ],
    [
      '/v1/responses',
      { input: 'Hello' },
      /event: error\ndata: \{"message":"The model bad could not be loaded[^}]*"type":"error"/,
    ],
  ];
  for (const [path, body, last] of faces) {
    const { closed, open } = gate();
    it.gates.set('bad', closed);
    const answer = await it.post(path, { ...body, model: 'bad', stream: true });
    expect(answer.status).toBe(200);
    open();
    expect(await answer.text()).toMatch(last);
  }
  it.broken.delete('bad'); // and the next one tries again
  expect((await it.openai.chat.completions.create({ model: 'bad', messages: hello })).model).toBe('bad');
});

test('what is used least recently makes room, and its conversations come back rendered', async () => {
  await using it = await scriptedModels(['a', 'b'], { memoryBytes: 100 });
  const ask = async (model: string, messages: object[]) => {
    const answer = await it.post('/v1/chat/completions', { model, messages });
    return [answer.status, ((await answer.json()) as OpenAI.ChatCompletion).choices[0]?.message.content];
  };
  const past = [...hello, { role: 'assistant', content: 'a says' }, { role: 'user', content: 'More' }];
  expect(await ask('a', hello)).toEqual([200, 'a says']);
  expect(await ask('b', hello)).toEqual([200, 'b says']);
  expect(await it.states()).toEqual({ a: 'unloaded', b: 'loaded' });
  expect(await ask('a', past)).toEqual([200, 'a says']); // of another engine than its first turn
  expect(await it.states()).toEqual({ a: 'loaded', b: 'unloaded' });
  expect(it.models.report().map(({ loads, users }) => [loads, users])).toEqual([
    [2, 0],
    [1, 0],
  ]);
});

test('a client that goes while its model is loaded holds nothing; more than may wait get 429', async () => {
  await using it = await scriptedModels(['a'], {}, { maxWaiting: 1 });
  const { closed, open } = gate();
  it.gates.set('a', closed);
  const leaving = new AbortController();
  const left = it
    .post('/v1/chat/completions', { model: 'a', messages: hello }, { signal: leaving.signal })
    .catch(() => 'gone');
  await expect.poll(() => it.models.report()[0]?.users).toBe(1);
  const refused = await it.post('/v1/chat/completions', { model: 'a', messages: hello });
  expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([429, 'true']);
  leaving.abort();
  expect(await left).toBe('gone');
  await expect.poll(() => it.models.report()[0]?.users).toBe(0);
  open();
  expect((await it.post('/v1/chat/completions', { model: 'a', messages: hello })).status).toBe(200);
  await expect.poll(() => it.models.report()[0]?.users).toBe(0);
});

test('options that make no sense with several models, or only with them', async () => {
  const refused = (server: ServerOptions) => errorOf(() => scriptedModels(['a'], {}, server));
  expect(await refused({ modelName: 'x' })).toMatchObject({ code: 'INVALID_OPTION', field: 'modelName' });
  expect(await refused({ aliases: { x: 'c' } })).toMatchObject({ code: 'INVALID_OPTION', field: 'aliases.x' });
  const engine = new Engine(new ScriptedEngine(() => 'Hi'));
  const alone = await errorOf(() => serve(engine, { port: 0, aliases: { x: 'y' } }));
  expect(alone).toMatchObject({ code: 'INVALID_OPTION', field: 'aliases' });
  await engine.close();
});

test('a model is swapped, or unloaded and loaded again: conversations of clients go on from their tokens', async () => {
  const model = { model: randomModel(), threads: 1, kvTokens: 4_096 };
  const talk = async (history: 'exact' | 'rendered', between: (models: Models) => Promise<unknown>) => {
    await using it = await servingModels({ models: { a: model }, memoryBytes: AMPLE }, { history });
    const ask = (messages: OpenAI.ChatCompletionMessageParam[]) =>
      it.openai.chat.completions.create({ model: 'a', messages, temperature: 0, max_tokens: 24 });
    const first = await ask(hello);
    await between(it.models);
    const said = { role: 'assistant' as const, content: first.choices[0]?.message.content ?? '' };
    const next = await ask([...hello, said, { role: 'user', content: 'And then?' }]);
    expect(it.models.report()[0]?.users).toBe(0);
    return [next.usage?.prompt_tokens, next.choices[0]?.message.content];
  };
  const nothing = async () => {};
  const exact = await talk('exact', nothing);
  expect((await talk('rendered', nothing))[0]).not.toBe(exact[0]); // its words are other tokens, read anew
  expect(await talk('exact', (models) => models.swap('a', model))).toEqual(exact);
  const again = async (models: Models) => {
    await models.swap('a', model);
    await models.swap('a', model);
  };
  expect(await talk('exact', again)).toEqual(exact);
  const other = { model: randomModel({ seed: 9, merges: 100 }), threads: 1, kvTokens: 4_096 };
  expect((await talk('exact', (models) => models.swap('a', other)))[0]).toBeGreaterThan(0);
});

test('a conversation whose model was unloaded for another goes on from its tokens', async () => {
  const own = { threads: 1, kvTokens: 4_096 };
  const [a, b] = [
    { model: randomModel(), ...own },
    { model: randomModel({ seed: 3 }), ...own },
  ];
  const talk = async (memoryBytes: number) => {
    await using it = await servingModels({ models: { a, b }, memoryBytes });
    const ask = (model: string, messages: OpenAI.ChatCompletionMessageParam[]) =>
      it.openai.chat.completions.create({ model, messages, temperature: 0, max_tokens: 24 });
    const first = await ask('a', hello);
    await ask('b', hello);
    const said = { role: 'assistant' as const, content: first.choices[0]?.message.content ?? '' };
    const { usage } = await ask('a', [...hello, said, { role: 'user', content: 'And then?' }]);
    return { tokens: usage?.prompt_tokens, loads: it.models.report()[0]?.loads };
  };
  const kept = await talk(AMPLE);
  const one = await Engine.load(a);
  const bytes = bytesOf(one.info);
  await one.close();
  expect([kept.loads, await talk(Math.floor(1.5 * bytes))]).toEqual([1, { tokens: kept.tokens, loads: 2 }]);
});
