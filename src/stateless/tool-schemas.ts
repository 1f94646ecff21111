import type { ToolSpec } from '../chat/tool-spec.js';
import { isBanyanError } from '../kit/errors.js';
import { compilePlain } from '../schema/compile-schema.js';
import type { Change } from './cache/changes.js';

/**
 * Tools whose schema cannot be enforced: one server's odd schema must not make every request fail. Such a tool takes any object;
 * the model reads the schema in its description. `changes` gets what was done.
 */
export function withUsableSchemas(tools: readonly ToolSpec[], changes: Change[]): ToolSpec[] {
  return tools.map((tool, index) => {
    const { name, description, parameters } = tool;
    if (typeof parameters !== 'object') return tool;
    try {
      compilePlain(`tools[${index}].parameters`, parameters, 'arguments');
      return tool;
    } catch (reason) {
      if (!isBanyanError(reason)) throw reason;
      changes.push({ kind: 'tool-schema', what: `tools[${index}].parameters (${reason.message})` });
      const schema = JSON.stringify(parameters).slice(0, LONGEST);
      return { name, description: `${description}\nJSON Schema: ${schema}`, parameters: { type: 'object' } };
    }
  });
}

/** Of a schema that the model reads as text, characters. */
const LONGEST = 4_096;
