import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
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

  test('class, tenant and program as it takes them, the tenant without its name', async () => {
    await using one = await open(true);
    const program = one.engine.program();
    const ask = (tenant: string) => one.engine.generate([97], { tenant, program, class: 'background', maxTokens: 2 });
    await ask('acme');
    await ask('acme');
    await ask('other');
    const [first, second, other] = one.server.bodies;
    expect(JSON.stringify(one.server.bodies)).not.toContain('acme');
    expect(first?.cache_salt).toMatch(/^[\w-]{43}$/);
    expect([second?.cache_salt === first?.cache_salt, other?.cache_salt === first?.cache_salt]).toEqual([true, false]);
    expect(first?.priority).toBe(PRIORITIES[name]);
    expect(one.server.headers[0]?.['x-session-id']).toMatch(/^[0-9a-f]{12}-\d+$/);
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
