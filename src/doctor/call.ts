import type { NativeMiss } from '../native/reports/usage.js';

/** A piece of a prompt that is compared as a whole: the instructions, a tool, a message. */
export interface Part {
  /** Where it stands, in the caller's own words: `system`, `tools[3]`, `messages[5]`. */
  readonly field: string;
  readonly section: 'tools' | 'system' | 'messages';
  /** What a message, or a tool's name, is paired by. */
  readonly role: string;
  /** A JSON value, without what the model never reads: marks of caches, nulls. */
  readonly value: unknown;
  /** Its text as it is sent: parts with equal keys are equal. */
  readonly key: string;
  /** A cache mark ends in it. */
  readonly marked: boolean;
}

/** In whose words a call is written. */
export type CallShape = 'openai' | 'anthropic' | 'banyan';

/** What the engine told of a call. */
export interface CallCost {
  /** Token ids of the prompt, and of the answer. */
  readonly prompt: Int32Array;
  readonly output: readonly number[];
  /** Text of the answer. */
  readonly text: string;
  /** Of the prompt: read from the cache. */
  readonly cached: number;
  readonly computed: number;
  readonly prefillMs: number;
  readonly reason: NativeMiss['reason'];
}

/** One call, as the doctor compares it with the one before. */
export interface Call {
  /** Line of the log, or how many-th call it was, from 1. */
  readonly position: number;
  readonly shape: CallShape;
  /** What its log calls the conversation; undefined: it is found by what is said in it. */
  readonly conversation: string | undefined;
  readonly model: string;
  readonly tenant: string;
  /** Other fields of it that a chat template may show. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Tools, instructions, messages. */
  readonly parts: readonly Part[];
  /** Undefined: it is read from a log. */
  readonly cost?: CallCost | undefined;
}

const MARKS = ['cache_control', 'prompt_cache_breakpoint', 'cache'];

/** A part of a call. `value`: JSON, as the caller sends it. */
export function toPart(field: string, section: Part['section'], role: string, value: unknown): Part {
  let marked = false;
  const clean = (item: unknown): unknown => {
    if (Array.isArray(item)) return plainText(item.map(clean));
    if (typeof item !== 'object' || item === null) return item;
    const kept = Object.entries(item).filter(([key, inner]) => {
      if (MARKS.includes(key)) marked ||= inner !== null && inner !== undefined;
      return inner !== null && inner !== undefined && !MARKS.includes(key);
    });
    return Object.fromEntries(kept.map(([key, inner]) => [key, clean(inner)]));
  };
  const cleaned = clean(value);
  return { field, section, role, value: cleaned, key: JSON.stringify(cleaned) ?? 'null', marked };
}

/** A text is as good as a list with one text in it: clients write both, the second one where a mark has to stand. */
function plainText(list: unknown[]): unknown {
  const [only] = list;
  if (list.length !== 1 || typeof only !== 'object' || only === null) return list;
  const { type, text, ...rest } = only as { type?: unknown; text?: unknown };
  const isText = type === 'text' && typeof text === 'string' && Object.keys(rest).length === 0;
  return isText ? text : list;
}

/** A text of about what the model reads of a part. */
export function textOfPart({ role, value, key }: Part): string {
  const content = typeof value === 'string' ? value : Object(value).content;
  const others = Object.keys(Object(value)).some((name) => name !== 'role' && name !== 'content');
  return typeof content === 'string' && !others ? `${role}\n${content}\n` : `${role}\n${key}\n`;
}
