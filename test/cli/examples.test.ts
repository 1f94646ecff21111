import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

const EXPECTED: Record<string, RegExp> = {
  'hello.ts': /\d+ prompt tokens, \d+ output.*subject: '(units|weather|notes)'/s,
  'agent.ts': /calls check_stock \{.*gets \{"product":.*step 2: \d{2,} of \d+ prompt tokens were cached/s,
  'fork.ts': /What if it rains\?.*\d+ of \d+ pages used/s,
};

const examples = readdirSync(new URL('../../examples', import.meta.url)).filter((name) => name.endsWith('.ts'));

test('every example has an expectation', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(examples.sort());
});

test.each(examples)('examples/%s runs', { timeout: 60_000 }, async (name) => {
  const { code, stdout, stderr } = await runScript(`examples/${name}`);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(EXPECTED[name] as RegExp);
});
