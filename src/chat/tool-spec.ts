import { toolListHint, toolSpecHint } from '../kit/advice/foreign-shapes.js';
import { BanyanError } from '../kit/errors.js';
import { checkObject, invalidOption } from '../kit/option-checks.js';
import { readFields, reading, readList } from '../kit/read-options.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import { compilePlain, type JsonSchema } from '../schema/compile-schema.js';
import { type CacheHint, readCacheHint } from './marks/cache-hint.js';

/** What the model is told about a tool. Running it is the agent layer's business. */
export interface ToolSpec {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object. */
  readonly parameters: JsonSchema;
  /** Mark that keeps instructions and tools, which chat templates write as one. Default: as long as there is room. */
  readonly cache?: CacheHint | undefined;
}

/** `required`: at least one call; `{ tool }`: a call of this one. The prompt is the same for all of them. */
export type ToolChoice = 'auto' | 'none' | 'required' | { tool: string };

/** What of a tool may be its class's. */
const SPEC_FIELDS = ['name', 'description', 'parameters', 'cache'] as const;

/** Copies of tools, whatever else they have; toTemplateTools checks them. Throws INVALID_OPTION. */
export function readToolSpecs(field: string, tools: unknown): readonly ToolSpec[] {
  if (!reading(field, () => Array.isArray(tools))) {
    throw invalidOption(
      field,
      'a list of tools',
      tools,
      reading(field, () => toolListHint(tools)),
    );
  }
  return readList(field, tools as readonly ToolSpec[]).map((tool, index) => {
    if (typeof tool !== 'object' || tool === null) return tool;
    const at = `${field}[${index}]`;
    const copy = readFields(at, tool, SPEC_FIELDS);
    const { parameters, cache } = copy;
    const mark = cache !== undefined && { cache: readCacheHint(`${at}.cache`, cache) };
    if (typeof parameters !== 'object' || parameters === null) return copy;
    // As the model is shown it.
    return { ...copy, ...mark, parameters: reading(`${at}.parameters`, () => JSON.parse(JSON.stringify(parameters))) };
  });
}

/** A model that never sees its tools would answer as if there were none. Throws MODEL_UNSUPPORTED. */
export function checkToolsCanBeShown(
  { supportsTools, hasChatTemplate }: Pick<NativeModelInfo, 'supportsTools' | 'hasChatTemplate'>,
  tools: readonly unknown[],
): void {
  if (tools.length === 0 || supportsTools !== false) return;
  const message = hasChatTemplate
    ? "The chat template of this model shows it no tools, and Banyan's own format is off: load with `toolFormat: 'auto'`"
    : 'This model brings no chat template, so it was not made to converse: take another, or load it with a `chatTemplate`';
  throw new BanyanError('MODEL_UNSUPPORTED', message, { field: 'tools' });
}

/** Sorted by name, fields in one order: the same tools always give the same tokens. Throws INVALID_OPTION, INVALID_SCHEMA. */
export function toTemplateTools(tools: readonly ToolSpec[]): unknown[] {
  const names = new Set<string>();
  const grammars = new Map<string, string>();
  for (const [index, tool] of tools.entries()) {
    checkObject(`tools[${index}]`, tool);
    const { name, description, parameters } = tool;
    const hint = toolSpecHint(tool);
    if (typeof description !== 'string') {
      throw invalidOption(`tools[${index}].description`, 'a string', description, hint);
    }
    if (typeof parameters !== 'object' || parameters === null || Array.isArray(parameters)) {
      throw invalidOption(`tools[${index}].parameters`, 'an object', parameters, hint);
    }
    const field = `tools[${index}].name`;
    if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
      throw new BanyanError('INVALID_OPTION', `${field} must be 1 to 64 letters, digits, "_" or "-"`, { field });
    }
    if (names.has(name)) throw new BanyanError('INVALID_OPTION', `${field}: there are two tools "${name}"`, { field });
    names.add(name);
    grammars.set(name, grammarOf(`tools[${index}].parameters`, name, parameters));
  }
  return [...tools]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, description, parameters }) => ({
      type: 'function',
      function: { name, description, parameters },
      grammar: grammars.get(name),
    }));
}

/** What the grammar of calls is made of; the template shows the parameters as their author wrote them. */
function grammarOf(field: string, name: string, parameters: JsonSchema): string {
  try {
    return compilePlain(field, parameters, 'arguments').grammar;
  } catch (thrown) {
    if (!(thrown instanceof BanyanError)) throw thrown;
    throw new BanyanError('INVALID_SCHEMA', `tool "${name}": ${thrown.message}`, { field, cause: thrown });
  }
}
