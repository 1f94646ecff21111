import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { randomModel } from '../../testing/models/random-model.js';

test('penaltyLastN -1 looks back over the whole answer, and no further', async () => {
  await using engine = await Engine.load({ model: randomModel(), threads: 1, kvTokens: 1024 });
  const answer = async (penaltyLastN: number) =>
    (await engine.generate([5, 6, 7], { temperature: 0, presencePenalty: 100, penaltyLastN, maxTokens: 100 })).tokens;
  const all = await answer(-1);
  expect(new Set(all).size).toBe(all.length); // nothing twice: every token of the answer is remembered
  expect(await answer(100)).toEqual(all);
  expect(await answer(2 ** 20)).toEqual(all);
  const short = await answer(3);
  expect(new Set(short).size).toBeLessThan(short.length);
});
