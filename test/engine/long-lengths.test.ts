import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';

// Counts as tools of real agents have them: a script of at most 524,288 characters, say. llama.cpp refuses a rule that is
// repeated more than 2,000 times.

const COUNTS = [0, 500, 501, 2_001, 50_001, 200_001, 524_288, 999_999, 2_147_483_647];
const bounds = COUNTS.flatMap((min) => COUNTS.filter((max) => max >= min).map((max) => ({ min, max })));

test('texts and lists of any length become a grammar that is taken', { timeout: 60_000 }, async () => {
  await using engine = await Engine.load();
  for (const { min, max } of bounds) {
    const properties = {
      text: { type: 'string', minLength: min, maxLength: max },
      list: { type: 'array', items: { type: 'integer' }, minItems: min, maxItems: max },
    };
    const parameters = { type: 'object', properties, required: ['text', 'list'] };
    const options = { tools: [{ name: 'f', description: '', parameters }], toolChoice: 'required' as const };
    const { usage } = await engine.generate([{ role: 'user', content: 'x' }], { ...options, maxTokens: 1 });
    expect(usage.outputTokens, `${min} to ${max}`).toBe(1);
  }
});
