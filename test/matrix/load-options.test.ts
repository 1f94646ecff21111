import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { asBanyanError } from '../../src/kit/errors.js';
import { randomModel } from '../../testing/models/random-model.js';

// Sizes at their limits, in every combination: the engine answers, or says which option is wrong.

const FIELDS = ['kvTokens', 'pageTokens', 'maxRunning', 'maxBatchTokens', 'maxContext'];

describe.each([1, 7, 512])('steps of %i tokens', (maxBatchTokens) => {
  test.each([1, 2, 256])('%i requests at a time', async (maxRunning) => {
    for (const pageTokens of [1, 32, 256]) {
      for (const kvTokens of [1, 33, 2048]) {
        const options = { maxBatchTokens, maxRunning, pageTokens, kvTokens };
        await expect(answersOf(options), JSON.stringify(options)).resolves.toBe('answered');
      }
    }
  });
});

test('a page size that is no power of two is refused with its reason', async () => {
  for (const pageTokens of [0, 3, 48, 255, 257, 1.5]) {
    const error = await Engine.load({ pageTokens }).then(() => undefined, asBanyanError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'pageTokens' });
  }
  const error = await Engine.load({ pageTokens: 48 }).then(() => undefined, asBanyanError);
  expect(error?.message).toMatch(/power of two/);
});

/** Three requests at once, of more tokens than a step may hold. */
async function answersOf(options: {
  maxBatchTokens: number;
  maxRunning: number;
  pageTokens: number;
  kvTokens: number;
}) {
  let engine: Engine;
  try {
    engine = await Engine.load({ model: randomModel(), threads: 1, ...options });
  } catch (reason) {
    const { code, field, message } = asBanyanError(reason);
    expect(message).not.toMatch(/GGML/);
    expect(code).toBe('INVALID_OPTION');
    expect(FIELDS).toContain(field);
    return 'refused';
  }
  const prompt = Array.from({ length: Math.min(9, engine.info.maxContext - 1) }, (_, i) => i + 1);
  if (prompt.length > 0) {
    const answers = await Promise.all([1, 2, 3].map(() => engine.generate(prompt, { maxTokens: 3, temperature: 0 })));
    for (const { tokens } of answers) expect(tokens).toEqual(answers[0]?.tokens);
  }
  await engine.close();
  return 'answered';
}
