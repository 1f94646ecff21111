import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

const EXPECTED: Record<string, RegExp> = {
  'hello.ts': /^Hello! How can I help\?\n\d+ prompt tokens, \d+ output, TTFT/,
  'structured.ts': /twice.*'billing'.*crashes.*'technical'.*parcel.*'shipping'.*password.*'account'/s,
  'chat.ts': /Hello! How can I help\?.*You are welcome\..*\[[1-9]\d+ of \d+ prompt tokens were cached\]/s,
  'http.ts': /localhost:\d+\/\?q=Hello 200\nHello! How can I help\?\n/,
  'agent.ts': /calls check_stock \{.*gets \{"product":.*step 2: \d{2,} of \d+ prompt tokens were cached/s,
  'mcp.ts':
    /get_weather gave \{"celsius":7,"city":"Oslo","sky":"light rain"\}\nIt is 7 degrees in Oslo, light rain\.\n/,
  'workflow.ts':
    /flowchart LR.*-> weather \(\d{2,} tokens.*-> units \(\d+ tokens.*-> weather \(0 tokens computed\).*hits: 1.*best of 4: \S/s,
  'edge-and-cloud.ts':
    /edge: Hello!.*\ncloud: .{40,}\n.*edge: 4 asked, 2 passed on, [1-9]\d* prompt tokens, [1-9]\d* of them cached, .*cloud: 2 asked, 0 passed on, [1-9]\d* prompt tokens, [1-9]\d* of them cached, [1-9]\d* output, \d+ ms, 0\.000[1-9]\d* dollars/s,
  'fork.ts': /What if it rains\?.*\d+ of \d+ pages used/s,
};

const examples = readdirSync(new URL('../../examples', import.meta.url)).filter((name) => name.endsWith('.ts'));

test('every example has an expectation', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(examples.sort());
});

test.each(examples)('examples/%s runs', { timeout: 60_000 }, async (name) => {
  const { code, stdout, stderr } = await runScript(`examples/${name}`, [], name === 'chat.ts' ? 'Hello\nThanks\n' : '');
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(EXPECTED[name] as RegExp);
});
