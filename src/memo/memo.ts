import { createHash } from 'node:crypto';
import type { Prompt } from '../chat/prompt.js';
import { readPrompt } from '../chat/read-prompt.js';
import { toTemplateTools } from '../chat/tool-spec.js';
import type { Engine, ModelInfo } from '../engine/engine.js';
import type { GenerationResult, Usage } from '../engine/generation.js';
import { GENERATE, type GenerateOptions } from '../engine/request-options.js';
import type { Turn } from '../engine/turn.js';
import { canonicalJson } from '../kit/canonical-json.js';
import { readTable } from '../kit/option-table.js';
import { number, type OptionsOf } from '../native/option-kinds.js';
import { compileAnswerSchema } from '../schema/compile-schema.js';
import { KnownAnswers } from './known-answers.js';

/** The table of MemoOptions. */
export const MEMO = {
  /** Answers that are kept, and runs of agents, 1 to 1,000,000 each; the one that was used least recently goes. Default 10,000. */
  answers: number({ min: 1, max: 1_000_000, whole: true }, 10_000),
};

export interface MemoOptions extends OptionsOf<typeof MEMO> {}

/** Everything that an answer depends on. */
export interface Question {
  readonly model: Pick<ModelInfo, 'digest'>;
  /** What is read: messages, a text or token ids. */
  readonly prompt: unknown;
  /** How it is answered; what does not change the answer may be among it. */
  readonly options: GenerateOptions;
}

/** A known answer. */
export interface Answer {
  readonly result: GenerationResult;
  /** The turn as a session keeps it: `session.restore()` goes on from it. Undefined: no session asked. */
  readonly turn?: Turn | undefined;
}

/** What is known of an agent's run. */
export interface KnownRun {
  readonly text: string;
  readonly stopReason: string;
  readonly usage: Pick<Usage, 'promptTokens' | 'cachedTokens' | 'computedTokens' | 'outputTokens'>;
}

/** Agents have no text of their own: they have tools, which are code. */
const agents = new WeakMap<object, number>();
let lastAgent = 0;

/**
 * Answers that are known already. Only those that would come out again are kept: at temperature 0, or with a seed; anything
 * else is asked anew each time. The key is a digest of all that an answer depends on: weights, tenant, prompt, tools, schema,
 * sampling. Equal questions that come while the first is under way wait for its answer; one that failed is not kept. Nothing
 * uses a memo unless it is given one.
 */
export class Memo {
  readonly #answers: KnownAnswers<Answer>;
  readonly #runs: KnownAnswers<KnownRun>;
  #bypassed = 0;

  /** Throws INVALID_OPTION. */
  constructor(options: MemoOptions = {}) {
    const { answers = 10_000 } = readTable('options', options, MEMO);
    this.#answers = new KnownAnswers(answers);
    this.#runs = new KnownAnswers(answers);
  }

  /** Answers that were known, that were not, and questions whose answer may differ each time. */
  get stats(): { hits: number; misses: number; bypassed: number } {
    const [answers, runs] = [this.#answers, this.#runs];
    return { hits: answers.hits + runs.hits, misses: answers.misses + runs.misses, bypassed: this.#bypassed };
  }

  /** `engine.generate()`, awaited, or its answer of before: `usage` is that of the call which computed it. Rejects as it does. */
  async generate<Output = unknown>(
    engine: Engine,
    prompt: Prompt,
    options: GenerateOptions<Output> = {},
  ): Promise<GenerationResult<Output>> {
    const given = readTable('options', options, GENERATE) as GenerateOptions<Output>;
    const asked = readPrompt(prompt);
    const question = { model: engine.info, prompt: asked, options: given as GenerateOptions };
    const { result } = await this.answer(question, async () => ({
      result: await engine.generate(prompt, given).result,
    }));
    return result as GenerationResult<Output>;
  }

  /** The answer to a question, from `ask` if it is not known. */
  answer(question: Question, ask: () => Promise<Answer>): Promise<Answer> {
    if (!isRepeatable(question.options)) {
      this.#bypassed++;
      return ask();
    }
    return this.#answers.get(keyOf(question), ask, question.options.signal);
  }

  /**
   * What a run of an agent gave for an input, from `ask` if it is not known. For agents that are `repeatable`: the caller sees to
   * that. An agent is known as an object; a run that a limit ended is not kept.
   */
  run(agent: object, input: string, ask: () => Promise<KnownRun>, signal: AbortSignal | undefined): Promise<KnownRun> {
    const id = agents.get(agent) ?? ++lastAgent;
    agents.set(agent, id);
    const key = `${id} ${createHash('sha256').update(input).digest('base64')}`;
    return this.#runs.get(key, ask, signal, ({ stopReason }) => stopReason === 'answer');
  }
}

/** True: the same question has the same answer again, up to rounding. */
export function isRepeatable({ temperature, seed = -1 }: Pick<GenerateOptions, 'temperature' | 'seed'>): boolean {
  return temperature === 0 || seed >= 0;
}

/** What says who waits, and for how long, and what stands in the key in another form. */
const NOT_ITS_ANSWER = [
  'signal',
  'program',
  'group',
  'class',
  'deadlineMs',
  'ttftLimitMs',
  'cache',
  'schema',
  'tools',
] as const;

/** What of these options an answer depends on, as a text that equal options share. Throws INVALID_SCHEMA. */
export function turnKey(options: GenerateOptions): string {
  const asked: Record<string, unknown> = { ...options };
  for (const name of NOT_ITS_ANSWER) delete asked[name];
  return canonicalJson({
    options: asked,
    tools: toTemplateTools(options.tools ?? []),
    schema: schemaKey(options.schema),
  });
}

const standard = new WeakMap<object, number>();
let schemas = 0;

/** A JSON Schema is known by what it says. One that also runs code on the answer (a Standard Schema) is equal to itself alone. */
function schemaKey(schema: GenerateOptions['schema']): string | number | undefined {
  if (schema === undefined || !('~standard' in schema)) return compileAnswerSchema(schema)?.grammar;
  const id = standard.get(schema) ?? ++schemas;
  standard.set(schema, id);
  return id;
}

function keyOf({ model, prompt, options }: Question): string {
  const ids = ArrayBuffer.isView(prompt) ? Array.from(prompt as Int32Array) : prompt;
  const whole = canonicalJson({ digest: model.digest, prompt: ids, turn: turnKey(options) });
  return createHash('sha256').update(whole).digest('base64');
}
