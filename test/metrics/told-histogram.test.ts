import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ToldHistogram } from '../../src/metrics/told-histogram.js';

/** Milliseconds whose seconds are exact, so that sums are, too. */
const MS = [62.5, 125, 500, 4_000];

/** What an engine counts of such values; in an object, keys that are whole numbers come first. */
function counted(values: readonly number[]): Record<string, number> {
  const counts = Object.fromEntries([...MS, 'more'].map((bound) => [bound, 0]));
  for (const value of values) {
    const bound = MS.find((most) => value <= most) ?? 'more';
    counts[bound] = (counts[bound] ?? 0) + 1;
  }
  return counts;
}

test('a told histogram is told as one of prom-client is that saw each value, and telling it again adds nothing', async () => {
  const eighths = fc.array(fc.integer({ min: 0, max: 48 }).map((value) => value * 125));
  await fc.assert(
    fc.asyncProperty(eighths, async (values) => {
      const [told, plain] = [new Registry(), new Registry()];
      const about = { name: 'x_seconds', help: 'Help.' };
      const ours = new ToldHistogram({ ...about, registers: [told] }, 1_000);
      const theirs = new Histogram({ ...about, buckets: MS.map((ms) => ms / 1_000), registers: [plain] });
      for (const value of values) theirs.observe(value / 1_000);
      const sum = values.reduce((all, value) => all + value, 0) / 1_000;
      for (let scrape = 0; scrape < 2; scrape++) ours.tell(counted(values), sum);
      expect(await told.metrics()).toBe(await plain.metrics());
    }),
  );
});

test('before it is told anything it has no samples', async () => {
  const registry = new Registry();
  new ToldHistogram({ name: 'x', help: 'Help.', registers: [registry] }, 1);
  expect((await registry.metrics()).trim()).toBe('# HELP x Help.\n# TYPE x histogram');
});
