import { expect, test } from 'vitest';
import { retryVerdict } from '../../testing/retry-verdict.js';

const some = (count: number, ratio: number) => new Array<number>(count).fill(ratio);

test.each([
  ['all near', [...some(9, 0.95), ...some(9, 1.1)], true],
  ['one of ten far off', [...some(9, 1), 3], true],
  ['the median alone near', [...some(11, 0.9), ...some(7, 0.4)], false],
  ['all within 30%, and all too short', some(18, 0.8), false],
  ['none', [], false],
])('%s', (_, ratios, met) => {
  expect(retryVerdict(ratios).met).toBe(met);
});

test('it says how many were near, and the median', () => {
  expect(retryVerdict([0.5, 1, 1.2]).words).toMatch(/^2 of 3 refusals .* 1\.00 of it in the median/);
});
