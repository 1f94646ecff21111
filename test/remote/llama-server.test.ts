import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import { type LlamaServer, startLlamaServer } from '../../testing/remote/llama-server.js';

const BINARY = process.env.LLAMA_SERVER ?? '';
const MODEL = fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));
const why = existsSync(BINARY) ? '' : ' (skipped: LLAMA_SERVER does not name a llama-server)';

const weather = defineTool({
  name: 'get_weather',
  description: 'Current weather of a city',
  input: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: city === 'Oslo' ? 7 : 11, sky: 'light rain' }),
});
const ASKED = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

describe.skipIf(why !== '')(`a real llama-server${why}`, () => {
  let server: LlamaServer;
  let [remote, local] = [] as unknown as [Engine, Engine];
  beforeAll(async () => {
    server = await startLlamaServer(BINARY, ['-m', MODEL, '-t', '1', '-c', '16384', '-np', '2']);
    [remote, local] = await Promise.all([RemoteEngine.connect({ url: server.url }), Engine.load()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all([remote?.close(), local?.close()]);
    server?.child.kill();
  });

  test('knows what it talks to', () => {
    const { digest, vocabSize, backend, maxContext } = remote.info;
    expect([digest, vocabSize]).toEqual([local.info.digest, local.info.vocabSize]);
    expect([backend, maxContext]).toEqual(['llama-server', 8192]);
  });

  test('an agent says, calls and pays as on an engine of its own', async () => {
    const run = async (engine: Engine) => {
      const agent = new Agent({ engine, system: 'Answer in one sentence.', tools: [weather], temperature: 0 });
      const { text, steps, usage } = await agent.run('What is the weather in Oslo? And in Bergen?');
      return {
        text,
        calls: steps.map(({ tools }) => tools.map(({ call }) => call)),
        tokens: [usage.promptTokens, usage.outputTokens],
      };
    };
    const [there, here] = [await run(remote), await run(local)];
    expect(there).toEqual(here);
    expect(there.text).toContain('7 degrees in Oslo');
  });

  test("a session's tokens are those on the wire, and the next turn finds them cached", async () => {
    const session = remote.session({ system: 'Answer in one sentence.' });
    const first = await session.generate('Hello', { temperature: 0, maxTokens: 20 });
    const second = await session.generate('And again?', { temperature: 0, maxTokens: 20 });
    const kept = first.usage.promptTokens + first.usage.outputTokens;
    expect(second.usage.cachedTokens).toBeGreaterThanOrEqual(Math.floor(0.95 * kept));
  });

  test.each<[string, GenerateOptions]>([
    ['a schema', { schema: z.object({ city: z.string().max(8), n: z.number().max(5) }) }],
    ['a required call', { tools: [weather], toolChoice: 'required' }],
    ['a stop text', { stop: 'e' }],
    ['a limit', { maxTokens: 5 }],
    ['a bias', { logitBias: { 120: 100 }, maxTokens: 6 }],
  ])('%s holds as it does here', async (_name, options) => {
    const [there, here] = await Promise.all(
      [remote, local].map((engine) => engine.generate(ASKED, { temperature: 0, ...options })),
    );
    const said = ({ text, toolCalls, object, finishReason, stopText, tokens }: NonNullable<typeof there>) => ({
      ...{ text, toolCalls, object, finishReason, stopText, tokens },
    });
    expect(there && said(there)).toEqual(here && said(here));
  });

  test('characters of several tokens come whole, with each of their ids', async () => {
    const grammar = 'root ::= "a日🌳€b"';
    const [there, here] = await Promise.all(
      [remote, local].map((engine) => engine.generate('x', { temperature: 0, grammar })),
    );
    expect(there?.text).toBe('a日🌳€b');
    expect(there?.tokens).toEqual(here?.tokens);
  });

  test('what it cannot do is an error', async () => {
    for (const [field, options] of [
      ['tenant', { tenant: 'acme' }],
      ['logprobs', { logprobs: 2 }],
      ['deadlineMs', { deadlineMs: 1000 }],
      ['repeatPenalty', { repeatPenalty: 1.1 }],
      ['thinkingTokens', { thinkingTokens: 5 }],
    ] as [string, GenerateOptions][]) {
      await expect(remote.generate(ASKED, options)).rejects.toMatchObject({ code: 'INVALID_OPTION', field });
    }
  });

  test('a cancelled answer frees its slot there', async () => {
    const long = remote.generate('Once upon', { temperature: 0, ignoreEos: true });
    for await (const event of long) if (event.type === 'text') break;
    expect(await long).toMatchObject({ finishReason: 'cancelled' });
    const { text } = await remote.generate(ASKED, { temperature: 0, maxTokens: 3 });
    expect(text).not.toBe('');
  });

  test('a server that dies is an error, and the engine lives on to say so', async () => {
    const own = await startLlamaServer(BINARY, ['-m', MODEL, '-t', '1', '-c', '2048']);
    const engine = await RemoteEngine.connect({ url: own.url });
    const read = async () => {
      for await (const event of engine.generate('Once upon', { temperature: 0, ignoreEos: true })) {
        if (event.type === 'text') own.child.kill('SIGKILL');
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
    await expect(engine.generate('Once upon')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    await engine.close();
  });
});
