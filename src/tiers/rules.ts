import type { AgentStep } from '../agent/agent-events.js';
import type { GenerationResult } from '../engine/generation.js';
import { meanLogprob } from '../engine/generation-events.js';
import { BanyanError, hasCode } from '../kit/errors.js';
import { checkInteger, checkNumber, invalidOption } from '../kit/option-checks.js';

/** A reason to ask a larger model. Each part is a question that says true when it should. */
export interface Rule {
  readonly name: string;
  /** Of an answer. */
  readonly answer?: ((result: GenerationResult) => boolean | Promise<boolean>) | undefined;
  /** Of the steps of a run so far; asked after each. */
  readonly steps?: ((steps: readonly AgentStep[]) => boolean | Promise<boolean>) | undefined;
  /** Of what an answer or a run rejected with. */
  readonly failure?: ((reason: unknown) => boolean) | undefined;
  /** True: answers are asked for with the log probabilities of their tokens. */
  readonly logprobs?: boolean | undefined;
}

/** The answer does not pass its schema, or was cut before it could. */
export const invalidOutput: Rule = {
  name: 'invalid-output',
  failure: (reason) => hasCode(reason, 'INVALID_OUTPUT'),
};

/** The prompt does not fit the smaller model's context. */
export const tooLong: Rule = { name: 'too-long', failure: (reason) => hasCode(reason, 'PROMPT_TOO_LONG') };

/** The mean log probability of the answer's tokens is below `least`, e.g. -1. Throws INVALID_OPTION. */
export function lowConfidence(least: number): Rule {
  checkNumber('least', least, -1000, 0);
  return {
    name: 'low-confidence',
    logprobs: true,
    answer: (result) => (meanLogprob(result) ?? 0) < least,
  };
}

/** The last `count` calls of tools all failed. Throws INVALID_OPTION. */
export function toolErrors(count = 2): Rule {
  checkInteger('count', count, 1, 1_000_000);
  return {
    name: 'tool-errors',
    steps: (steps) => {
      const outcomes = steps.flatMap(({ tools }) => tools);
      return outcomes.length >= count && outcomes.slice(-count).every(({ ok }) => !ok);
    },
  };
}

/** The same call `count` times in a row: the model goes round in circles. Throws INVALID_OPTION. */
export function repeatedCalls(count = 3): Rule {
  checkInteger('count', count, 2, 1_000_000);
  return {
    name: 'repeated-calls',
    steps: (steps) => {
      const calls = steps.flatMap(({ tools }) => tools.map(({ call }) => `${call.name} ${call.arguments}`));
      return calls.length >= count && new Set(calls.slice(-count)).size === 1;
    },
  };
}

/** The caller's own check of an answer: false sends it on. */
export function failsCheck(check: (result: GenerationResult) => boolean | Promise<boolean>): Rule {
  if (typeof check !== 'function') throw invalidOption('check', 'a function', check);
  return { name: 'failed-check', answer: async (result) => !(await check(result)) };
}

/** The name of the first rule that says so. Its own failure is the caller's to see. */
export async function firstRule(
  rules: readonly Rule[],
  says: (rule: Rule) => boolean | undefined | Promise<boolean | undefined>,
): Promise<string | undefined> {
  for (const rule of rules) if (await says(rule)) return rule.name;
  return undefined;
}

/** Throws INVALID_OPTION. */
export function checkRules(rules: readonly Rule[]): readonly Rule[] {
  for (const [index, rule] of rules.entries()) {
    if (typeof Object(rule).name === 'string') continue;
    throw new BanyanError('INVALID_OPTION', `escalate[${index}] must be a rule, e.g. invalidOutput`, {
      field: 'escalate',
    });
  }
  return rules;
}
