import { expect } from 'vitest';
import type { Outcome } from './test-engine.js';

/**
 * The same greedy output, or a tie at the first difference: batches of other sizes add the same numbers in another
 * order, so two tokens of (nearly) equal logit may swap there, and what follows differs with reason. Both outcomes need
 * logprobs of at least 2 alternatives.
 */
export function expectSameGreedy(actual: Outcome, expected: Outcome, tolerance = 1e-3): void {
  expect(actual.error ?? expected.error).toBeUndefined();
  expect(actual.tokens.length).toBe(expected.tokens.length);
  const at = expected.tokens.findIndex((token, index) => actual.tokens[index] !== token);
  if (at === -1) return;
  const chosen = actual.tokens[at];
  const rival = expected.logprobs[at]?.top.find(({ token }) => token === chosen);
  const lost = (expected.logprobs[at]?.logprob ?? 0) - (rival?.logprob ?? Number.NEGATIVE_INFINITY);
  expect(lost, `token ${at} is ${chosen}, not ${expected.tokens[at]}, and no tie`).toBeLessThan(tolerance);
}
