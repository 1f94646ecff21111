import { expect, test } from 'vitest';
import { EventRouter } from '../../src/backend/event-router.js';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { Engine, type EngineStats } from '../../src/engine/engine.js';
import { loadBinding } from '../../src/native/binding.js';
import { decodeEvents } from '../../src/native/events.js';
import { serve } from '../../src/server/serve.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { engineOptions } from '../../testing/engine/test-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { RawClient } from '../support/raw-client.js';

/** An engine whose structures can be looked at. */
async function openEngine() {
  const router = new EventRouter();
  const native = await loadBinding().loadEngine(
    engineOptions(randomModel(RAMBLING_MODEL), { kvTokens: 16_384, maxRunning: 8 }),
    (buffer) => router.deliver(decodeEvents(buffer)),
    () => {},
    new Int32Array(new SharedArrayBuffer(4)),
  );
  return { native, engine: new Engine(new NativeBackend(native, router)) };
}

const open = ({ running, waiting, submitted, finished, cancelled }: EngineStats) => ({
  ...{ running, waiting, unended: submitted - finished - cancelled },
});

const FACES = ['/v1/chat/completions', '/v1/messages', '/v1/responses'];

test('a hundred clients of a real engine that hang up at any time leave nothing running, and all in order', {
  timeout: 120_000,
}, async () => {
  const { native, engine } = await openEngine();
  {
    await using server = await serve(engine, { port: 0 });
    const clients: RawClient[] = [];
    for (let index = 0; index < 100; index++) {
      const content = `Client ${index % 7} asks: ${'word '.repeat((index * 37) % 200)}`;
      const body = { messages: [{ role: 'user', content }], input: content, stream: index % 4 !== 1 };
      const limit = { max_tokens: 1_500, max_output_tokens: 1_500 };
      clients.push(new RawClient(server.url).post(FACES[index % 3] as string, { ...body, ...limit }));
      if (index % 8 !== 7) continue;
      // When they go some hear their answer, some wait for a place, some have just asked.
      await clients[index - 7]?.until((said) => said.length > 0);
      for (const client of clients.slice(Math.max(0, index - 11), index - 3)) client.leave();
    }
    for (const client of clients) client.leave();
    await expect
      .poll(async () => open(await engine.stats()), { timeout: 20_000 })
      .toEqual({ running: 0, waiting: 0, unended: 0 }); // one that has just asked may still come
    expect((await engine.stats()).cancelled).toBeGreaterThan(50);
    expect(await native.checkIntegrity()).toBe('');
  }
  await engine.close();
});
