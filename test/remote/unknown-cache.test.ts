import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { metrics } from '../../src/metrics/metrics.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { Tiers } from '../../src/tiers/tiers.js';
import { FakeServer, modelsOf, sse } from '../../testing/remote/fake-server.js';

// A server that does not tell what it had cached: that is unknown wherever it is told, and never 0.

const STREAM =
  sse({ choices: [{ index: 0, text: 'h', token_ids: ['h'.charCodeAt(0)], finish_reason: 'stop' }] }) +
  sse({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 1, prompt_tokens_details: null } }) +
  sse('[DONE]');
let server: FakeServer;
let engine: RemoteEngine;
beforeAll(async () => {
  server = await FakeServer.open(modelsOf('vllm'), (_, response) => response.end(STREAM));
  engine = await RemoteEngine.connect({ url: server.url });
});
afterAll(async () => {
  await engine.close();
  await server.close();
});

test('of an answer, its program, a run, a tier and a server', async () => {
  const program = engine.program();
  const { usage } = await engine.generate([97, 98, 99], { program, progress: true });
  expect(usage).toMatchObject({
    promptTokens: 3,
    cachedTokens: null,
    computedTokens: 4,
    miss: { reason: 'reuse-off' },
  });
  expect(usage.elsewhere).toEqual({ retries: 0, migrations: 0, server: server.url });
  expect(await program.report()).toMatchObject({ promptTokens: 3, cachedTokens: null });
  expect((await new Agent({ engine }).run('Hello')).usage.cachedTokens).toBe(null);
  const tiers = new Tiers([{ name: 'far', engine, price: { input: 2_000_000, cached: 1, output: 0 } }]);
  const { result } = await tiers.generate([{ role: 'user', content: 'Hello' }]);
  const [far] = tiers.report();
  expect(far).toMatchObject({ cachedTokens: null, retries: 0, migrations: 0, cost: 2 * result.usage.promptTokens });
  expect(engine.servers()).toMatchObject([{ cachedTokens: null }]);
});

test('its metrics have no such number', async () => {
  const told = metrics(engine);
  await engine.generate([97, 98, 99]);
  const text = await told.text();
  expect(text).toMatch(/banyan_tokens_total\{[^}]*kind="prompt"[^}]*\} 3/);
  expect(text).not.toMatch(/banyan_tokens_total\{[^}]*kind="cached"/);
});
