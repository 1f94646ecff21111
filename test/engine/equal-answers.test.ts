import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';

// Sums are rounded in the order in which a step adds them up, and that depends on what else is in the step. One token a
// step leaves one order only. What is compared are the log probabilities, bit by bit: texts agree long before they do.

const NUMBERS = Array.from({ length: 60 }, (_, index) => (index * 7919) % 1000).join(' ');
/** A long answer, whatever the model would say. */
const options = { temperature: 0, grammar: 'root ::= [a-z ]{60}' };
const prompt = (question: string) =>
  `<|im_start|>system\nYou are a helpful assistant. Numbers: ${NUMBERS}<|im_end|>\n<|im_start|>user\n1. ${question}\n` +
  '2. go on<|im_end|>\n<|im_start|>assistant\nSay all: ';

test.each([1, 2])(
  'one token a step: the same bits cold, warm, in part warm and in company, %d threads',
  async (threads) => {
    await using engine = await Engine.load({ maxBatchTokens: 1, threads, kvTokens: 8_192 });
    const bits = async (question: string) => {
      const answer = await engine.generate(prompt(question), { ...options, logprobs: 3 });
      expect(answer.usage.outputTokens).toBeGreaterThan(8);
      return { cached: answer.usage.cachedTokens, logprobs: answer.logprobs };
    };
    const cold = await bits('count boats');
    expect(cold.cached).toBe(0);
    const warm = await bits('count boats');
    expect(warm.cached).toBeGreaterThan(200);
    await engine.clearCache();
    await bits('name trees');
    const [partly] = await Promise.all([bits('count boats'), bits('name trees'), bits('find the ferry')]);
    expect(partly.cached).toBeGreaterThan(150);
    expect(partly.cached).toBeLessThan(warm.cached ?? 0);
    expect(warm.logprobs).toEqual(cold.logprobs);
    expect(partly.logprobs).toEqual(cold.logprobs);
  },
);
