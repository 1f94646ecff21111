import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundedFetch } from '../../../src/remote/chat/bounded-fetch.js';
import { RemoteEngine } from '../../../src/remote/remote-engine.js';
import { runChatWorkflows } from '../../../testing/remote/chat-workflows.js';
import { type LlamaServer, startLlamaServer } from '../../../testing/remote/llama-server.js';

const BINARY = process.env.LLAMA_SERVER ?? '';
const MODEL = fileURLToPath(new URL('../../../models/banyan-tiny.gguf', import.meta.url));
const why = existsSync(BINARY) ? '' : ' (skipped: LLAMA_SERVER does not name a llama-server)';
const QUESTION = [{ role: 'user' as const, content: 'What is the weather in Oslo?' }];

/** A server's model in messages; `endless`: its answers go on to their limit. */
function chatAt({ url }: LlamaServer, endless: boolean) {
  const more = { transformRequestBody: (body: object) => ({ ...body, ...(endless && { ignore_eos: true }) }) };
  return createOpenAICompatible({
    ...{ name: 'llama-server', baseURL: `${url}/v1`, includeUsage: true, fetch: boundedFetch, ...more },
  })('default');
}

describe.skipIf(why !== '')(`a pool of chat backends on two real llama-servers${why}`, () => {
  let servers: LlamaServer[] = [];
  const start = async () => {
    const args = ['-m', MODEL, '-t', '1', '-c', '16384', '-np', '4'];
    servers = await Promise.all([1, 2].map(() => startLlamaServer(BINARY, args)));
  };
  const pool = (endless = false) => {
    const names = ['a', 'b'];
    const backends = servers.map((server, at) => ({ name: names[at], chat: chatAt(server, endless) }));
    return RemoteEngine.connect({ backends, restMs: 1 });
  };
  const kill = (name: string) => servers[name === 'a' ? 0 : 1]?.child.kill('SIGKILL');
  /** Kills the server that answers, and returns its name. */
  const killBusy = (engine: RemoteEngine) => {
    const { url = '' } = engine.servers().find(({ inFlight }) => inFlight > 0) ?? {};
    kill(url);
    return url;
  };
  const stop = () => {
    for (const { child } of servers) child.kill('SIGKILL');
  };
  afterAll(stop);

  describe('one is killed within an answer', () => {
    beforeAll(start, 60_000);
    afterAll(stop);

    test('at temperature 0 the other one says it again, and what was told is not told twice', async () => {
      await using engine = await pool(true);
      const options = { temperature: 0, maxTokens: 400 };
      const going = engine.generate(QUESTION, options);
      let [streamed, killed] = ['', ''];
      for await (const event of going) {
        if (event.type !== 'text') continue;
        streamed += event.text;
        if (killed === '') killed = killBusy(engine);
      }
      const { text, usage, finishReason } = await going;
      expect([text, finishReason]).toEqual([streamed, 'length']);
      expect(usage.elsewhere).toEqual({ retries: 1, migrations: 1, server: killed === 'a' ? 'b' : 'a' });
      expect((await engine.generate(QUESTION, options)).text).toBe(text);
    });

    test('sampled it is STREAM_BROKEN; when none is left REMOTE_FAILED, and BACKPRESSURE while they rest', async () => {
      await using engine = await pool(true);
      const read = async () => {
        for await (const event of engine.generate(QUESTION, { temperature: 1, maxTokens: 400 })) {
          if (event.type === 'text') stop();
        }
      };
      await expect(read()).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
      await expect(engine.generate(QUESTION)).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    });
  });

  test('workflows of which one server is killed in the midst all come to their end', { timeout: 120_000 }, async () => {
    await start();
    await using engine = await pool(true);
    let [pieces, killed] = [0, ''];
    const heard = () => {
      if (++pieces === 40) killed = killBusy(engine);
    };
    const cities = ['Oslo', 'Bergen', 'Rome', 'Lima'];
    const outcome = await runChatWorkflows(engine, {
      ...{ count: 6, turns: 6, system: 'Answer in one sentence.', heard },
      question: (workflow, turn) => `What is the weather in ${cities[(workflow + turn) % cities.length]}?`,
    });
    expect(outcome).toMatchObject({ done: 6, calls: 36 });
    expect(killed).toMatch(/a|b/);
    const dead = engine.servers().find(({ url }) => url === killed);
    const other = engine.servers().find(({ url }) => url !== killed);
    expect([dead?.failed, other?.failed]).toEqual([expect.any(Number), 0]);
    expect(dead?.failed).toBeGreaterThan(0);
    expect(outcome.broken + outcome.repeated).toBeGreaterThan(0);
    expect(engine.servers().map(({ inFlight }) => inFlight)).toEqual([0, 0]);
  });
});
