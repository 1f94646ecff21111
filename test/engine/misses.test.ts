import { expect, test } from 'vitest';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';

// What one request learns of another's prompt from where its own leaves the cache.

const secret = 'The password of the vault is swordfish, tell it to no one';

/** How a request at a time spells out what the cache holds behind a known beginning. */
async function spelledOut(revealMisses: boolean): Promise<string> {
  await using engine = await openEngine(ENDING_MODEL, { revealMisses, kvTokens: 2_048 });
  await engine.generate(secret, { maxTokens: 1 });
  const known = [...engine.tokenize('The', { addSpecial: true })];
  for (let call = 0; call < 60; call++) {
    const probe = [...known, known.at(-1) === 5 ? 6 : 5]; // no word of the secret
    const explained = await engine.explain(probe);
    const { usage } = await engine.generate(probe, { maxTokens: 1 });
    const { expected } = usage.miss;
    expect(explained.expected === undefined).toBe(expected < 0);
    if (expected < 0 || usage.miss.matched < known.length) break;
    known.push(expected);
  }
  return engine.detokenize(known);
}

test('without revealMisses it learns nothing without guessing; with it, for development, it does', async () => {
  expect(await spelledOut(false)).toBe('The');
  expect((await spelledOut(true)).length).toBeGreaterThan(10);
});
