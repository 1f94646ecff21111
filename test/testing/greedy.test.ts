import { expect, test } from 'vitest';
import { expectSameGreedy } from '../../testing/engine/greedy.js';
import type { Outcome } from '../../testing/engine/test-engine.js';

const outcome = (tokens: number[], rival = 9, gap = 1): Outcome => ({
  tokens,
  text: '',
  logprobs: tokens.map((token) => ({
    token,
    ...{ text: '', bytes: [] },
    logprob: -1,
    top: [
      { token, text: '', bytes: [], logprob: -1 },
      { token: rival, text: '', bytes: [], logprob: -1 - gap },
    ],
  })),
  toolCalls: [],
  reason: 'length',
  usage: undefined,
  message: undefined,
  error: undefined,
});

test('equal outputs pass', () => {
  expectSameGreedy(outcome([1, 2, 3]), outcome([1, 2, 3]));
});

test('a swap of two tokens that were equally likely passes, whatever follows', () => {
  expectSameGreedy(outcome([1, 9, 7]), outcome([1, 2, 3], 9, 1e-5));
});

test('a token that was clearly less likely, or not among the best, fails', () => {
  expect(() => expectSameGreedy(outcome([1, 9, 3]), outcome([1, 2, 3], 9, 0.1))).toThrow(/no tie/);
  expect(() => expectSameGreedy(outcome([1, 8, 3]), outcome([1, 2, 3], 9, 1e-5))).toThrow(/no tie/);
});

test('another length, or an error, fails', () => {
  expect(() => expectSameGreedy(outcome([1, 2]), outcome([1, 2, 3]))).toThrow();
  expect(() => expectSameGreedy({ ...outcome([1]), error: { code: 'X', message: '' } }, outcome([1]))).toThrow();
});
