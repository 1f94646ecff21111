import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { classify } from '../../src/tiers/route.js';

// The embedded model as a classifier, on the labelled requests that it was never trained on.

interface Labelled {
  kind: string;
  system: string;
  messages: { role: 'user' | 'assistant'; content: string }[];
}

const file = fileURLToPath(new URL('../../models/held-out.jsonl', import.meta.url));
const labelled = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Labelled & { suite: string })
  .filter(({ suite, system }) => suite === 'routing' && /simple/.test(system));

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load();
});
afterAll(() => engine.close());

test('simple or complex: at least 99 of 100 requests begin in the right tier', async () => {
  expect(labelled.length).toBeGreaterThan(10);
  const labels = { simple: 'small', complex: 'big' };
  const right = await Promise.all(
    labelled.map(async ({ system, messages: [asked, label] }) => {
      const route = classify({ engine, system, labels });
      const routed = await route([{ role: 'user', content: asked?.content ?? '' }]);
      return Object(routed).tier === labels[label?.content as keyof typeof labels];
    }),
  );
  expect(right.filter(Boolean).length / right.length).toBeGreaterThanOrEqual(0.99);
});
