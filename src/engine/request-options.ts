import type { BackendRequest } from '../backend/backend.js';
import { CHAT, type ChatOptions, CONTINUE, TOOLS } from '../chat/chat-options.js';
import { type PromptMark, readMarks } from '../chat/marks/prompt-marks.js';
import { complete } from '../kit/complete-options.js';
import { checkName, checkNumberIn, checkObject, invalidOption } from '../kit/option-checks.js';
import { rangeOf } from '../kit/option-table.js';
import { readFields, reading, readList, readOptions } from '../kit/read-options.js';
import { name, type OptionsOf, other, signal } from '../native/option-kinds.js';
import type { NativeSamplingAdvice } from '../native/reports/model-info.js';
import { REQUEST } from '../native/request-options.js';
import { SAMPLING } from '../native/sampling-options.js';
import type { Schema } from '../schema/compile-schema.js';

/** How tokens are chosen. Defaults are what the model's file recommends (`info.sampling`), else llama.cpp's. */
export interface SamplingOptions extends OptionsOf<typeof SAMPLING> {}

type ProgramOption = { readonly id: number };
type GroupOption = { id: number; size: number };

/** What a request has besides the options that the addon reads as they are. */
const MORE = {
  /** Texts that end the answer, one or a list of at most 64; they are not part of it. Default: none. */
  stop: other<string | readonly string[]>('a string or a list of strings', readStop),
  /** What the caller calls this request, such as the id of an HTTP request: decisions about it and its `accepted` event have it. Default none. */
  label: name(''),
  /**
   * Biases by token id that are added to logits, at most 1,024, -100 to 100 each: `{ 1234: -100 }`. What a grammar forbids stays
   * forbidden; logprobs are those without it. `engine.tokenize()` gives a text's ids. Default: none.
   */
  logitBias: other<Readonly<Record<number, number>>>('an object of token ids, each with a number', readBiases),
  /** Signal that aborts: the answer rejects with ABORTED at once (on a GPU after the running step), and the pages are free. */
  signal: signal(),
  /** Agent run that this belongs to, from `engine.program()`: runs share the machine fairly. Default: none; a session has its own. */
  program: other<ProgramOption>('a program of `engine.program()`', readProgram),
  /** Siblings of one fork: `size` requests carry the same `id`; the last of them is hurried, so that the join can go on. */
  group: other<GroupOption>('{ id, size }', readGroup),
  /**
   * Places of the conversation, at most 64 of `{ message, characters }`: `generation.outline` says how many tokens come before
   * each, for pins, and how far the prompt was cached when it arrived. Default: none, and that is not asked.
   */
  marks: other<readonly PromptMark[]>('a list of { message, characters }', readMarks),
};

/** Options of one turn of a session. */
export interface TurnOptions<Output = unknown>
  extends SamplingOptions,
    ChatOptions,
    OptionsOf<typeof REQUEST>,
    OptionsOf<typeof MORE> {
  /**
   * Schema of the answer, which is JSON of it, in `result.object`. It is whole within `maxTokens` too, unless the shortest
   * answer is longer; a bare number that reaches the limit ends with `length`, as digits may be missing, and is no `object`.
   * With tools the answer is calls, where the model begins one by itself, else such JSON; calls leave `object` undefined.
   */
  schema?: Schema<Output> | undefined;
}

export const TENANT = {
  /** Tenant that asks: tenants share no pages and see no timing of each other's hits. Default: everything is shared. */
  tenant: name(''),
};

export interface GenerateOptions<Output = unknown>
  extends TurnOptions<Output>,
    OptionsOf<typeof TOOLS>,
    OptionsOf<typeof CONTINUE>,
    OptionsOf<typeof TENANT> {}

/** The table of TurnOptions. compileAnswerSchema checks the schema. */
export const TURN = {
  ...{ ...SAMPLING, ...REQUEST, ...CHAT, ...MORE },
  schema: other<Schema<never>>('a Standard Schema, or a JSON Schema', (_field, value) => value as Schema<never>),
};

/** The table of GenerateOptions. */
export const GENERATE = { ...TURN, ...TOOLS, ...CONTINUE, ...TENANT };

/** Everything of a native request that does not depend on the prompt. */
export type RequestSettings = Omit<BackendRequest, 'prompt' | 'grammar' | 'chat'>;

/** The settings of options that were read by their table; `advice`: of the model. Throws INVALID_OPTION. */
export function toRequestSettings(options: GenerateOptions, advice?: NativeSamplingAdvice): RequestSettings {
  const { program, group = { id: 0, size: 0 }, stop = [] } = options;
  return {
    ...complete(REQUEST, options),
    program: program?.id ?? 0,
    group: group.id,
    groupSize: group.size,
    staticTokens: 0,
    boundary: 0,
    begun: 0,
    salt: options.tenant ?? '',
    label: options.label ?? '',
    sampling: complete(SAMPLING, advised(options, advice)),
    stop: typeof stop === 'string' ? [stop] : [...stop],
    logitBias: Object.entries(options.logitBias ?? {}).map(([token, bias]) => [Number(token), bias]),
  };
}

/**
 * What the caller leaves open is as the model's file recommends. Who asks for temperature 0 wants the likeliest token: a penalty of the
 * file's would make it another.
 */
function advised(options: SamplingOptions, advice: NativeSamplingAdvice = {}): SamplingOptions {
  if (options.temperature === 0) return options;
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...advice, ...Object.fromEntries(given) };
}

const TOKEN_ID = /^(0|[1-9]\d{0,8})$/;
const BIAS = { min: -100, max: 100, whole: false };
const MOST_BIASES = 1_024;

/** Whether its tokens are in the vocabulary is the addon's to say. */
function readBiases(field: string, value: unknown): Record<number, number> {
  const entries = Object.entries(readFields(field, checkObject(field, value) as Record<string, unknown>));
  if (entries.length > MOST_BIASES) throw invalidOption(field, `at most ${MOST_BIASES} biases`, value);
  const biases: Record<number, number> = {};
  for (const [key, bias] of entries) {
    if (!TOKEN_ID.test(key)) throw invalidOption(field, 'an object of token ids', key);
    biases[Number(key)] = checkNumberIn(`${field}.${key}`, bias, BIAS);
  }
  return biases;
}

function readProgram(field: string, value: unknown): ProgramOption {
  if (typeof value !== 'object' || value === null) throw invalidOption(field, 'a program of engine.program()', value);
  return {
    id: checkNumberIn(
      field,
      reading(field, () => (value as ProgramOption).id),
      rangeOf('program', 'request'),
    ),
  };
}

function readGroup(field: string, value: unknown): GroupOption {
  const group = readOptions(field, checkObject(field, value) as GroupOption, ['id', 'size']);
  return {
    id: checkNumberIn(`${field}.id`, group.id, rangeOf('group', 'request')),
    size: checkNumberIn(`${field}.size`, group.size, rangeOf('groupSize', 'request')),
  };
}

function readStop(field: string, value: unknown): string | readonly string[] {
  const isList = reading(field, () => Array.isArray(value));
  if (typeof value !== 'string' && !isList) throw invalidOption(field, 'a string or a list of strings', value);
  const texts = typeof value === 'string' ? [value] : readList(field, value as readonly string[]);
  for (const [index, text] of texts.entries()) {
    if (checkName(`${field}[${index}]`, text) === '') throw invalidOption(`${field}[${index}]`, 'a text', text);
  }
  return texts;
}

/** The seed of the n-th of several answers that one seed stands for. */
export const nthSeed = (seed: number, n: number): number => (seed + n) % 2 ** 32;

/** Options of the n-th of several answers, by their seed or else that of their session; without any they are as they were. */
export function nthTurn<Options extends Pick<SamplingOptions, 'seed'>>(
  options: Options,
  n: number,
  session: Pick<SamplingOptions, 'seed'> = {},
): Options {
  const { seed = session.seed ?? -1 } = options;
  return seed < 0 ? options : { ...options, seed: nthSeed(seed, n) };
}
