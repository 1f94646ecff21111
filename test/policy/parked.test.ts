import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { randomModel } from '../../testing/models/random-model.js';

const SESSIONS = 300;
const MODEL = randomModel({ layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 });

test('300 parked sessions on a pool that holds a quarter of them: each goes on as it would have alone', async () => {
  await using engine = await Engine.load({ model: MODEL, threads: 1, kvTokens: 6_144, pageTokens: 16, kvType: 'f32' });
  await using plain = await Engine.load({
    model: MODEL,
    threads: 1,
    kvTokens: 2048,
    prefixCache: false,
    kvType: 'f32',
  });
  const options = { system: 'You are one of many.', temperature: 0, maxTokens: 6, class: 'workflow' as const };
  const sessions = Array.from({ length: SESSIONS }, () => engine.session(options));
  await Promise.all(sessions.map((session, i) => session.generate(`This is number ${i}.`)));
  const parked = await engine.stats();
  expect(parked.running + parked.waiting).toBe(0);
  const pasts = sessions.map((session) => session.tokens);
  const answers = await Promise.all(sessions.map((session) => session.generate('Go on.')));
  let different = 0;
  for (let i = 0; i < SESSIONS; i += 10) {
    const [session, answer] = [sessions[i], answers[i]];
    const all = session?.tokens ?? new Int32Array(0);
    expect(all.slice(0, pasts[i]?.length)).toEqual(pasts[i]);
    const prompt = all.slice(0, all.length - (answer?.tokens.length ?? 0));
    const alone = await plain.generate(prompt, { temperature: 0, maxTokens: 6 });
    if (alone.tokens.join() !== answer?.tokens.join()) different++;
  }
  expect(different).toBeLessThanOrEqual(1); // a tie may fall otherwise in a batch of another size
  expect((await engine.stats()).pagesEvicted).toBeGreaterThan(0);
});
