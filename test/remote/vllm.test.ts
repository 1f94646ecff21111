import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';

/*
 * A real vLLM with the package's small model, as `bench/peers/vllm.sh models/banyan-tiny.gguf` starts it:
 * VLLM_URL=http://127.0.0.1:8000 npx vitest run test/remote/vllm.test.ts
 */
const url = process.env.VLLM_URL ?? '';
const why = url === '' ? ' (skipped: VLLM_URL does not name a vLLM)' : '';
/** Tokens of a block of its cache on CPUs. */
const BLOCK = 128;

const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: city === 'Oslo' ? 7 : 11, sky: 'light rain' }),
});

describe.skipIf(why !== '')(`a real vLLM${why}`, () => {
  let [remote, local] = [] as unknown as [Engine, Engine];
  beforeAll(async () => {
    [remote, local] = await Promise.all([RemoteEngine.connect({ url }), Engine.load()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([remote?.close(), local?.close()]);
  });

  test('knows what it talks to', () => {
    expect([remote.info.backend, remote.info.vocabSize]).toEqual(['vllm', local.info.vocabSize]);
  });

  test('an agent says, calls and reads as on an engine of its own', async () => {
    const run = async (engine: Engine) => {
      const agent = new Agent({ engine, system: 'Answer in one sentence.', tools: [weather], temperature: 0 });
      const { text, steps, usage } = await agent.run('What is the weather in Oslo? And in Bergen?');
      const calls = steps.map(({ tools }) => tools.map(({ call }) => call));
      return { text, calls, tokens: [usage.promptTokens, usage.outputTokens] };
    };
    const [there, here] = [await run(remote), await run(local)];
    expect(there).toEqual(here);
    expect(there.text).toContain('7 degrees in Oslo');
  });

  test('each turn of a session finds all whole blocks of the last one cached', async () => {
    const session = remote.session({ system: `Session ${Date.now()}. ${'Answer in one sentence. '.repeat(40)}` });
    let kept = 0;
    for (let turn = 0; turn < 5; turn++) {
      const { usage } = await session.generate(`Hello ${turn}`, { temperature: 0, maxTokens: 60 });
      expect(usage.cachedTokens).toBeGreaterThanOrEqual(Math.floor((kept - 1) / BLOCK) * BLOCK);
      kept = session.tokens.length - 1; // what was sampled last is not computed yet
    }
    expect(kept).toBeGreaterThan(2 * BLOCK);
  });

  test('a text under a schema, a stop text, a limit, a bias', async () => {
    const schema = z.object({ city: z.enum(['Oslo', 'Bergen']), rain: z.boolean() });
    const { object } = await remote.generate('The city: ', { temperature: 0, schema, maxTokens: 60 });
    expect(schema.safeParse(object).success).toBe(true);
    for (const options of [{ stop: 'e' }, { maxTokens: 5 }, { logitBias: { 120: 100 }, maxTokens: 6 }]) {
      const asked = { temperature: 0, ...options };
      const messages = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];
      const [there, here] = await Promise.all([remote, local].map((engine) => engine.generate(messages, asked)));
      expect([there?.text, there?.finishReason, there?.tokens]).toEqual([here?.text, here?.finishReason, here?.tokens]);
    }
  });

  test('a cancelled answer ends there, too', async () => {
    const long = remote.generate('Once upon', { temperature: 0, ignoreEos: true });
    for await (const event of long) if (event.type === 'text') break;
    expect(await long).toMatchObject({ finishReason: 'cancelled' });
    expect((await remote.generate('Once upon', { temperature: 0, maxTokens: 3 })).tokens).toHaveLength(3);
  });
});
