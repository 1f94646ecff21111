import { expect, test } from 'vitest';
import { runChild } from '../support/run-child.js';

const MB = 1 << 20;

test('10,000 requests: every page returns, and memory stops growing', async () => {
  const { code, signal, stdout, stderr } = await runChild(
    new URL('./children/many-requests.ts', import.meta.url),
    [],
    110_000,
  );
  expect({ code, signal }, stderr.slice(-2000)).toEqual({ code: 0, signal: null });
  const report = JSON.parse(stdout) as { rss: number[]; finished: number };
  expect(report.finished).toBe(10_000);
  // The first quarter warms caches, graphs and the allocator; the rest may not climb.
  const [, quarter, , , end] = report.rss as [number, number, number, number, number];
  expect(end - quarter, report.rss.map((rss) => `${Math.round(rss / MB)} MB`).join(' -> ')).toBeLessThan(12 * MB);
}, 120_000);
