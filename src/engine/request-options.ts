import type { ChatOptions } from '../chat/chat-options.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import { BanyanError } from '../kit/errors.js';
import {
  checkFlag,
  checkInteger,
  checkKeys,
  checkName,
  checkNumber,
  checkOneOf,
  checkSignal,
  invalidOption,
} from '../kit/option-checks.js';
import type { NativeRequest } from '../native/binding.js';
import { CLASSES, type NativeClass } from '../native/vocabulary.js';
import type { Schema } from '../schema/compile-schema.js';
import { SAMPLING_KEYS, type SamplingOptions, toNativeSampling } from './sampling.js';

/** Options of one turn of a session. */
export interface TurnOptions<Output = unknown> extends SamplingOptions, ChatOptions {
  /**
   * Most tokens to generate. Default: to the end of the context. An answer under a `schema`, a `grammar` or a required tool
   * is closed in time: near the limit only what leaves room for its end is chosen, and the result has finishReason `stop`
   * (`tool-calls` for a call); its last values may be shorter than the model would have made them. Limits too small for the
   * shortest such answer cut it, with finishReason `length`. A call that the model is free to make (`auto`) is never made
   * shorter, as a tool would act on half a text: when the limit cuts it, it is text.
   */
  maxTokens?: number | undefined;
  /** Texts that end the answer; they are not part of it. */
  stop?: string | readonly string[] | undefined;
  /**
   * The answer is JSON of this schema, in `result.object`. It is whole within `maxTokens` too, unless the shortest answer
   * is longer; a bare number that reaches the limit ends with `length`, as digits may be missing, and is no `object`.
   */
  schema?: Schema<Output> | undefined;
  /**
   * Most tokens of reasoning, from 0; then the tag that ends it is forced. Default: no bound, but half of `maxTokens` (or of
   * what is left of the context) where the answer must be something: with `schema`, `grammar`, a required tool. Needs
   * messages and a chat template with a tag for the end of reasoning.
   */
  thinkingTokens?: number | undefined;
  /** Aborts: the answer rejects with ABORTED at once (on a GPU after the running step), and the pages are free. */
  signal?: AbortSignal | undefined;
  /** Who goes first under load. Default `interactive`. */
  class?: NativeClass | undefined;
  /** The agent run this belongs to, from `engine.program()`: runs share the machine fairly. Sessions have one by default. */
  program?: { readonly id: number } | number | undefined;
  /**
   * The answer is wanted within this many milliseconds: among equals the earliest deadline goes first. Nobody is ended
   * for being late; `signal: AbortSignal.timeout(ms)` does that.
   */
  deadlineMs?: number | undefined;
  /**
   * Rejects at once with BACKPRESSURE and `retryAfter` when the first token is not to be expected within this time; on a
   * GPU after the running step. Default: it waits as long as it takes.
   */
  ttftLimitMs?: number | undefined;
  /** Siblings of one fork: `size` requests carry the same `id`. The last of them is hurried, so that the join can go on. */
  group?: { id: number; size: number } | undefined;
  /** Default true. False neither reads nor fills the prefix cache. */
  cache?: boolean | undefined;
}

export interface GenerateOptions<Output = unknown> extends TurnOptions<Output> {
  /** What the model may call; only with messages. */
  tools?: readonly ToolSpec[] | undefined;
  /** Tenants share no pages and see no timing of each other's hits. Default: everything is shared. */
  tenant?: string | undefined;
}

/** The names of TurnOptions. */
export const TURN_KEYS: readonly string[] = [
  ...SAMPLING_KEYS,
  ...['maxTokens', 'stop', 'schema', 'grammar', 'toolChoice', 'parallelToolCalls', 'thinking', 'thinkingTokens'],
  ...['signal', 'class', 'program', 'deadlineMs', 'ttftLimitMs', 'group', 'cache'],
];
/** The names of GenerateOptions. */
export const GENERATE_KEYS: readonly string[] = [...TURN_KEYS, 'tools', 'tenant'];
const LONGEST_MS = 24 * 3_600_000;

/** Everything of a native request that does not depend on the prompt. Throws INVALID_OPTION. */
export type RequestSettings = Omit<NativeRequest, 'prompt' | 'jsonSchema' | 'grammar' | 'chat'>;

export function toRequestSettings(
  options: GenerateOptions,
  more: readonly string[] = ['tools', 'tenant'],
): RequestSettings {
  checkKeys('options', options, [...TURN_KEYS, ...more]);
  checkSignal('signal', options.signal);
  if (options.grammar !== undefined && options.schema !== undefined) {
    throw new BanyanError('INVALID_OPTION', 'Pass `grammar` or `schema`, not both', { field: 'grammar' });
  }
  return {
    maxTokens: options.maxTokens === undefined ? 0 : checkInteger('maxTokens', options.maxTokens, 1, 2 ** 30),
    thinkingTokens:
      options.thinkingTokens === undefined ? -1 : checkInteger('thinkingTokens', options.thinkingTokens, 0, 2 ** 30),
    class: checkOneOf('class', options.class ?? 'interactive', CLASSES),
    program: programId(options.program),
    deadlineMs: options.deadlineMs === undefined ? 0 : checkNumber('deadlineMs', options.deadlineMs, 1, LONGEST_MS),
    ttftLimitMs: options.ttftLimitMs === undefined ? 0 : checkNumber('ttftLimitMs', options.ttftLimitMs, 1, LONGEST_MS),
    ...checkGroup(options.group),
    staticTokens: 0,
    boundary: 0,
    salt: checkName('tenant', options.tenant ?? ''),
    cache: checkFlag('cache', options.cache ?? true),
    sampling: toNativeSampling(options),
    stop: checkStop(options.stop),
    ignoreEos: false,
  };
}

/** 0: a program of its own. */
function programId(program: TurnOptions['program']): number {
  if (program === undefined) return 0;
  return checkInteger('program', typeof program === 'object' ? program?.id : program, 0, Number.MAX_SAFE_INTEGER);
}

function checkGroup(group: TurnOptions['group']): { group: number; groupSize: number } {
  if (group === undefined) return { group: 0, groupSize: 0 };
  checkKeys('group', group, ['id', 'size']);
  return {
    group: checkInteger('group.id', group.id, 1, Number.MAX_SAFE_INTEGER),
    groupSize: checkInteger('group.size', group.size, 1, 65_536),
  };
}

function checkStop(stop: GenerateOptions['stop']): string[] {
  const texts = typeof stop === 'string' ? [stop] : (stop ?? []);
  if (!Array.isArray(texts)) throw invalidOption('stop', 'a string or a list of strings', stop);
  for (const [index, text] of texts.entries()) {
    if (checkName(`stop[${index}]`, text) === '') throw invalidOption(`stop[${index}]`, 'a text', text);
  }
  return [...texts];
}
