import type { ToolSpec } from '../chat/tool-spec.js';
import { checkInteger } from '../kit/option-checks.js';
import { readFields, reading, readList, readOptions } from '../kit/read-options.js';
import type { GenerateOptions } from './request-options.js';

const MOST = Number.MAX_SAFE_INTEGER;
const SPEC_FIELDS = ['name', 'description', 'parameters'] as const;

/** Options of a turn, a session or an agent, read once with what is inside them. Throws INVALID_OPTION. */
export function readTurnOptions<Options extends GenerateOptions>(given: Options, known: readonly string[]): Options {
  const options = readOptions('options', given, known);
  const { group, toolChoice, program, stop, tools } = options;
  if (isObject(group)) options.group = readOptions('group', group, ['id', 'size']);
  if (isObject(toolChoice)) options.toolChoice = readOptions('toolChoice', toolChoice, ['tool']);
  if (isObject(program))
    options.program = checkInteger(
      'program',
      reading('program', () => program.id),
      0,
      MOST,
    );
  if (typeof stop !== 'string' && isList('stop', stop)) options.stop = readList<string>('stop', stop);
  if (isList('tools', tools)) options.tools = readTools(tools, SPEC_FIELDS);
  return options;
}

/** Copies of tools, whatever they are; `named`: fields that may be their class's. Throws INVALID_OPTION. */
export function readTools<Tool extends ToolSpec>(
  tools: readonly Tool[],
  named: readonly (keyof Tool & string)[],
): Tool[] {
  return readList('tools', tools).map((tool, index) => {
    if (!isObject(tool)) return tool;
    const copy = readFields(`tools[${index}]`, tool, named);
    return isObject(copy.parameters)
      ? { ...copy, parameters: asJson(`tools[${index}].parameters`, copy.parameters) }
      : copy;
  });
}

/** A value as JSON shows it to the model. */
function asJson<Value>(field: string, value: Value): Value {
  return reading(field, () => JSON.parse(JSON.stringify(value)));
}

function isObject<Value>(value: Value): value is Value & object {
  return typeof value === 'object' && value !== null;
}

function isList<Value>(field: string, value: Value): value is Value & readonly unknown[] {
  return reading(field, () => Array.isArray(value));
}
