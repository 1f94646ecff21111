import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CountedHistogram, TotalHistogram } from '../../src/metrics/counted-histogram.js';

const BUCKETS = [0.25, 0.5, 1, 4];
/** Sums of eighths are exact, in any order. */
const eighths = fc.integer({ min: 0, max: 48 }).map((value) => value / 8);
const observed = fc.array(
  fc.record({ kind: fc.constantFrom('a', 'b"\n'), value: eighths, times: fc.integer({ min: 1, max: 5 }) }),
);

test('a counted histogram, and the total of its labels, are told as those of prom-client are that saw each value by itself', async () => {
  await fc.assert(
    fc.asyncProperty(observed, async (all) => {
      const [counted, plain] = [new Registry(), new Registry()];
      const config = { name: 'x_seconds', help: 'Help.', buckets: BUCKETS, labelNames: ['kind' as const] };
      const ours = new CountedHistogram({ ...config, registers: [counted] });
      const theirs = new Histogram({ ...config, registers: [plain] });
      const total = { name: 'all_seconds', help: 'Help.', buckets: BUCKETS };
      new TotalHistogram({ ...total, registers: [counted] }, () => ours.total());
      const theirTotal = new Histogram({ ...total, registers: [plain] });
      for (const { kind, value, times } of all) {
        ours.tally({ kind }).add(value, times);
        for (let time = 0; time < times; time++) {
          theirs.observe({ kind }, value);
          theirTotal.observe(value);
        }
      }
      expect(await counted.metrics()).toBe(await plain.metrics());
      for (const registry of [counted, plain]) registry.setDefaultLabels({ model_name: 'm' });
      expect(await plain.getMetricsAsJSON()).toMatchObject(await counted.getMetricsAsJSON());
    }),
  );
});

test('a histogram without labels is told from its first tally on', async () => {
  const registry = new Registry();
  new CountedHistogram({ name: 'x', help: 'Help.', buckets: [1], registers: [registry] }).tally({});
  expect(await registry.metrics()).toContain('x_bucket{le="+Inf"} 0\nx_sum 0\nx_count 0');
});
