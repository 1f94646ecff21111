import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { SPEECHES } from '../../testing/remote/dialect-streams.js';
import { FakeServer, modelsOf, sse } from '../../testing/remote/fake-server.js';

// Bodies and streams as each server's documentation has them. The model is the package's small one: its first ids are bytes.

const [H, I, END] = ['h'.charCodeAt(0), 'i'.charCodeAt(0), 2041];

/** How a server of each make streams "hi" and its end token, and reports 3 cached tokens. */
const STREAMS: Record<string, string> = {
  vllm:
    sse({ choices: [{ index: 0, text: 'h', token_ids: [H], finish_reason: null }], usage: null }) +
    sse({ choices: [{ index: 0, text: 'i', token_ids: [I], finish_reason: null }] }) +
    sse({ choices: [{ index: 0, text: '', token_ids: [END], finish_reason: 'stop', stop_reason: null }] }) +
    sse({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 3 } },
    }) +
    sse('[DONE]'),
  sglang:
    sse({ choices: [{ index: 0, text: 'hi', token_ids: [H, I], matched_stop: null, finish_reason: null }] }) +
    sse({ choices: [{ index: 0, text: '', token_ids: [], matched_stop: 2041, finish_reason: 'stop' }] }) +
    sse({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } },
    }) +
    sse('[DONE]'),
  trtllm:
    sse({ choices: [{ index: 0, text: '', token_ids: [H] }] }) +
    sse({ choices: [{ index: 0, text: '', token_ids: [I], finish_reason: 'stop' }] }) +
    sse({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } },
    }) +
    sse('[DONE]'),
};
const OWNERS: Record<string, string> = { vllm: 'vllm', sglang: 'sglang', trtllm: 'tensorrt_llm' };
const PRIORITIES: Record<string, number> = { vllm: 2, sglang: 0, trtllm: 0 };
/** Keep tenants apart. */
const SALTED = ['vllm', 'sglang'];

describe.each(Object.keys(STREAMS))('%s', (name) => {
  const open = async (priorities = false, stream = STREAMS[name] ?? '') => {
    const reply = (_: unknown, response: ServerResponse) => response.end(stream);
    const server = await FakeServer.open(modelsOf(OWNERS[name] ?? '', { max_model_len: 777 }), reply);
    const backends = [{ url: server.url, priorities }];
    const engine = await RemoteEngine.connect({ backends, tenantSecret: 'a secret' });
    const close = async () => {
      await engine.close();
      await server.close();
    };
    return { engine, server, [Symbol.asyncDispose]: close };
  };

  test('ids go out and come back; its cache, its context and its name are known', async () => {
    await using one = await open();
    const result = await one.engine.generate([97, 98, 99, 100], { maxTokens: 9, temperature: 0 });
    expect(result).toMatchObject({ text: 'hi', tokens: [H, I], finishReason: 'stop' });
    expect(result.usage).toMatchObject({
      promptTokens: 4,
      cachedTokens: 3,
      outputTokens: 2,
      miss: { reason: 'full-hit' },
    });
    expect(one.engine.info).toMatchObject({ backend: name, maxContext: 777 });
    const [body] = one.server.bodies;
    expect(body).toMatchObject({ model: 'the-model', prompt: [97, 98, 99, 100], max_tokens: 9, stream: true });
    expect(body).not.toHaveProperty('priority');
    expect(body).not.toHaveProperty('cache_salt');
  });

  test('class and program as it takes them', async () => {
    await using one = await open(true);
    await one.engine.generate([97], { program: one.engine.program(), class: 'background', maxTokens: 2 });
    expect(one.server.bodies[0]?.priority).toBe(PRIORITIES[name]);
    expect(one.server.headers[0]?.['x-session-id']).toMatch(/^[0-9a-f]{12}-\d+$/);
  });

  test.runIf(SALTED.includes(name))('a tenant goes without its name', async () => {
    await using one = await open();
    for (const tenant of ['acme', 'acme', 'other']) await one.engine.generate([97], { tenant, maxTokens: 2 });
    const [first, second, other] = one.server.bodies;
    expect(JSON.stringify(one.server.bodies)).not.toContain('acme');
    expect(first?.cache_salt).toMatch(/^[\w-]{43}$/);
    expect([second?.cache_salt === first?.cache_salt, other?.cache_salt === first?.cache_salt]).toEqual([true, false]);
  });

  test('a cache that is not reported is unknown, not empty', async () => {
    const silent = (STREAMS[name] ?? '').replace(/,"prompt_tokens_details":\{[^}]*\}/, '');
    await using one = await open(false, silent);
    const { usage } = await one.engine.generate([97, 98], { maxTokens: 9 });
    expect(usage).toMatchObject({ cachedTokens: null, computedTokens: 4, miss: { reason: 'reuse-off' } });
  });

  test.each<[string, GenerateOptions]>([
    ['logprobs', { logprobs: 1 }],
    ['promptLogprobs', { promptLogprobs: 1 }],
    ['deadlineMs', { deadlineMs: 50 }],
    ['frequencyPenalty', { frequencyPenalty: 0.5 }],
    ['cache', { cache: false }],
  ])('%s is refused before anything is sent', async (field, options) => {
    await using one = await open();
    await expect(one.engine.generate([97], options)).rejects.toMatchObject({ code: 'INVALID_OPTION', field });
    expect(one.server.bodies).toEqual([]);
  });

  test('a grammar goes as it takes grammars', async () => {
    await using one = await open();
    await one.engine.generate([97], { grammar: 'root ::= "hi"', maxTokens: 9 });
    await one.engine.generate([97], { schema: { type: 'string' }, maxTokens: 9 }).catch(() => {});
    const bodies = one.server.bodies.map((body) => JSON.stringify(body));
    expect(bodies[0]).toContain('root ::= \\"hi\\"');
    expect(bodies[1]).toContain('string');
  });
});

// The fields of its CompletionRequest: it answers 400 to any other, `cache_salt` among them.
const KNOWN_TO_TRTLLM = [
  ...['model', 'prompt', 'max_tokens', 'stream', 'stream_options', 'detokenize', 'temperature', 'top_k', 'top_p'],
  ...['min_p', 'seed', 'ignore_eos', 'logit_bias', 'response_format', 'priority', 'conversation_params'],
];

test('TensorRT-LLM is sent no field that it does not know, and refuses tenants, as it would not keep them apart', async () => {
  const reply = (_: unknown, response: ServerResponse) => response.end(STREAMS.trtllm);
  await using server = await FakeServer.open(modelsOf('tensorrt_llm'), reply);
  await using engine = await RemoteEngine.connect({ backends: [{ url: server.url, priorities: true }] });
  const options = { logitBias: { 5: 1 }, seed: 3, program: engine.program(), grammar: 'root ::= "hi"', maxTokens: 9 };
  await engine.generate([97], options);
  await engine.generate([97], { ignoreEos: true, topK: 0, maxTokens: 2 });
  const [first, second] = server.bodies;
  expect(Object.keys({ ...first, ...second }).filter((name) => !KNOWN_TO_TRTLLM.includes(name))).toEqual([]);
  expect([first?.priority, second?.top_k]).toEqual([1, 0]);
  const refused = engine.generate([97], { tenant: 'acme' });
  await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'tenant' });
});

test("Dynamo is told tenant, class and length in its extension, the program in a header; ids are its logprobs' names", async () => {
  const { ids, end } = SPEECHES.dynamo;
  const said = ids([H], 'h', 1) + ids([I], 'i', 2) + end(2, 'stop');
  await using server = await FakeServer.open(modelsOf('nvidia'), (_, response) => response.end(said));
  const backends = [{ url: server.url, dialect: 'dynamo' as const, priorities: true }];
  await using engine = await RemoteEngine.connect({ backends });
  const options = { tenant: 'acme', class: 'interactive' as const, program: engine.program(), maxTokens: 9 };
  expect(await engine.generate([97, 98], options)).toMatchObject({ text: 'hi', tokens: [H, I], finishReason: 'stop' });
  await engine.generate([97], { grammar: 'root ::= "hi"' });
  const [first, second] = server.bodies;
  expect(first).toMatchObject({ prompt: [97, 98], logprobs: 1, return_tokens_as_token_ids: true, max_tokens: 9 });
  const cache_salt = expect.stringMatching(/^[\w-]{43}$/);
  expect(first?.nvext).toEqual({ agent_hints: { priority: 2, osl: 9 }, cache_salt });
  expect(server.headers[0]?.['x-dynamo-session-id']).toMatch(/^[0-9a-f]{12}-\d+$/);
  expect(second?.guided_grammar).toContain('root ::=');
});
