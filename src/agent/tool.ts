import { type CacheHint, readCacheHint } from '../chat/marks/cache-hint.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import { definitionHint } from '../kit/advice/foreign-shapes.js';
import { BanyanError } from '../kit/errors.js';
import { checkObject, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { reading } from '../kit/read-options.js';
import { callback, flag, name, number, type OptionsOf, other, required, text } from '../native/option-kinds.js';
import { type Checked, type CompiledSchema, compileSchema, type Schema } from '../schema/compile-schema.js';

/** A longer one would overflow Node's timer, which then fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export interface ToolContext {
  /** Aborted when the run is, or when the tool's time is over. */
  readonly signal: AbortSignal;
  /** Unique in its turn: most models number their calls from 0 in each. */
  readonly callId: string;
  /** Unique to this call of this run, and the same when the call is made again: see `idempotent`. */
  readonly idempotencyKey: string;
}

const SCHEMA = 'a Standard Schema, or a JSON Schema';

/** What may be said of a tool beside what it is. */
export const TOOL_OWN = {
  /** Milliseconds that a call may take, 1 to 2,147,483,647. Default: the agent's `limits.toolTimeoutMs`. */
  timeoutMs: number({ min: 1, max: LONGEST_TIMEOUT_MS, whole: false }),
  /**
   * Milliseconds that a call usually takes, 0 to 86,400,000: what the conversation has cached is kept accordingly. Default:
   * learnt from its calls.
   */
  expectedMs: number('hint'),
  /**
   * Idempotence: called twice with one `context.idempotencyKey` it does what one call does. `agent.resume()` then calls it
   * again when a crash came between its call and its result. Default false: the model reads that the outcome is unknown.
   */
  idempotent: flag(false),
  /**
   * Purity: it has no effect, and what it gives depends on its arguments alone, for as long as a run's step takes. An agent with
   * a `predictor` may then call it before the model does; it is idempotent as well. Default false.
   */
  pure: flag(false),
  /**
   * Mark that keeps the agent's instructions and tools cached: `static` for a day after their last use, `{ ttlMs }` for 1 to
   * 86,400,000 milliseconds, with half of all pages at most. Default: as long as there is room.
   */
  cache: other<CacheHint>('"static" or { ttlMs }', readCacheHint),
};

export interface ToolDefinition<Input extends Schema> extends OptionsOf<typeof TOOL_OWN> {
  /** Name that the model calls it by: letters, digits, `_` and `-`, at most 64. Agents check it. */
  name: string;
  /** Description that tells the model when to use it. */
  description: string;
  /** Schema of the arguments: any Standard Schema that knows JSON Schema (zod 4.2+, ArkType ...), or a JSON Schema. */
  input: Input;
  /**
   * Function that does it. A string goes to the model as it is, anything else as canonical JSON; a Response, a stream or an
   * async iterable is read first. What it throws goes to the model too.
   */
  execute: (input: Checked<Input>, context: ToolContext) => unknown;
}

/** The table of ToolDefinition. compileSchema checks the input, agents the names: no two of their tools may have one. */
export const TOOL = {
  name: required(name()),
  description: required(text()),
  input: required(other<Schema>(SCHEMA, readInput)),
  execute: required(callback<Tool['execute']>()),
  ...TOOL_OWN,
};

export interface Tool extends ToolSpec {
  readonly check: CompiledSchema['check'];
  readonly execute: (input: never, context: ToolContext) => unknown;
  readonly timeoutMs: number | undefined;
  readonly expectedMs: number | undefined;
  readonly idempotent: boolean;
  readonly pure: boolean;
  readonly cache?: CacheHint | undefined;
}

/** Throws INVALID_SCHEMA, INVALID_OPTION. Names are checked where the tools are used together. */
export function defineTool<const Input extends Schema>(given: ToolDefinition<Input>): Tool {
  const hint = definitionHint(reading('definition', () => checkObject('definition', given)));
  if (hint !== '') throw new BanyanError('INVALID_OPTION', hint, { field: 'function' });
  const definition = readTable('definition', given, TOOL) as ToolDefinition<Input>;
  const {
    name,
    description,
    input,
    execute,
    timeoutMs,
    expectedMs,
    idempotent = false,
    pure = false,
    cache,
  } = definition;
  const field = `input of tool "${name}"`;
  const { json, check } = compileSchema(field, input, 'arguments');
  return {
    name,
    description,
    parameters: json,
    check,
    execute,
    timeoutMs,
    expectedMs,
    idempotent: idempotent || pure,
    pure,
    cache,
  };
}

function readInput(field: string, value: unknown): Schema {
  if (value === undefined) throw invalidOption(field, SCHEMA, value);
  return value as Schema;
}
