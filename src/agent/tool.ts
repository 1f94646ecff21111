import type { ToolSpec } from '../chat/tool-spec.js';
import { BanyanError } from '../kit/errors.js';
import { definitionHint } from '../kit/foreign-shapes.js';
import { checkFlag, checkNumber, checkObject, checkText, invalidOption } from '../kit/option-checks.js';
import { reading, readOptions } from '../kit/read-options.js';
import { type Checked, type CompiledSchema, compileSchema, type Schema } from '../schema/compile-schema.js';

export interface ToolContext {
  /** Aborted when the run is, or when the tool's time is over. */
  readonly signal: AbortSignal;
  /** Unique in its turn: most models number their calls from 0 in each. */
  readonly callId: string;
  /** Unique to this call of this run, and the same when the call is made again: see `idempotent`. */
  readonly idempotencyKey: string;
}

export interface ToolDefinition<Input extends Schema> {
  name: string;
  /** Tells the model when to use it. */
  description: string;
  /** What the arguments must be: any Standard Schema that knows JSON Schema (zod 4.2+, ArkType ...), or a JSON Schema. */
  input: Input;
  /**
   * A string goes to the model as it is, anything else as canonical JSON; a Response, a stream or an async iterable is read
   * first. What it throws goes to the model too.
   */
  execute: (input: Checked<Input>, context: ToolContext) => unknown;
  /** 1 to 2,147,483,647. Default: the agent's `limits.toolTimeoutMs`. */
  timeoutMs?: number | undefined;
  /** How long it usually takes: what the conversation has cached is kept accordingly. Default: learnt from its calls. */
  expectedMs?: number | undefined;
  /**
   * Called twice with one `context.idempotencyKey` it does what one call does. `agent.resume()` then calls it again when a
   * crash came between its call and its result. Default false: the model reads that the outcome is unknown.
   */
  idempotent?: boolean | undefined;
}

export interface Tool extends ToolSpec {
  readonly check: CompiledSchema['check'];
  readonly execute: (input: never, context: ToolContext) => unknown;
  readonly timeoutMs: number | undefined;
  readonly expectedMs: number | undefined;
  readonly idempotent: boolean;
}

/** A longer one would overflow Node's timer, which then fires at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const DEFINITION_KEYS = ['name', 'description', 'input', 'execute', 'timeoutMs', 'expectedMs', 'idempotent'];

/** Throws INVALID_SCHEMA, INVALID_OPTION. Names are checked where the tools are used together. */
export function defineTool<const Input extends Schema>(given: ToolDefinition<Input>): Tool {
  const hint = definitionHint(reading('definition', () => checkObject('definition', given)));
  if (hint !== '') throw new BanyanError('INVALID_OPTION', hint, { field: 'function' });
  const definition = readOptions('definition', given, DEFINITION_KEYS);
  const { name, description, input, execute, timeoutMs, expectedMs } = definition;
  checkText('description', description);
  if (typeof execute !== 'function') throw invalidOption('execute', 'a function', execute);
  if (timeoutMs !== undefined) checkNumber('timeoutMs', timeoutMs, 1, LONGEST_TIMEOUT_MS);
  const idempotent = checkFlag('idempotent', definition.idempotent ?? false);
  if (expectedMs !== undefined) checkNumber('expectedMs', expectedMs, 0, 24 * 3_600_000);
  const field = `input of tool "${typeof name === 'string' ? name : ''}"`;
  const { json, check } = reading(field, () => compileSchema(field, input, 'arguments'));
  return { name, description, parameters: json, check, execute, timeoutMs, expectedMs, idempotent };
}
