import type { ToolChoice, ToolSpec } from '../../chat/tool-spec.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import { HttpError } from '../http/http-error.js';
import type { ResponsesRequest, WireTool } from './wire.js';

/** Argument of a tool that takes a text instead of JSON. */
const FREE_TEXT: JsonSchema = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] };

/** The tools of a request as the model is shown them, and which of them take a free text. */
export interface Toolbox {
  specs: ToolSpec[];
  free: Set<string>;
}

/** Namespaces are opened; tools that run at OpenAI's are ignored, by name. */
export function toToolbox(wire: readonly WireTool[], ignored: string[]): Toolbox {
  const box: Toolbox = { specs: [], free: new Set() };
  const flat = wire.flatMap((tool) => (tool.type === 'namespace' ? ((tool.tools ?? []) as WireTool[]) : [tool]));
  for (const { type, name, description, parameters } of flat) {
    if (name === undefined || (type !== 'function' && type !== 'custom')) {
      ignored.push(`tool ${type}`);
      continue;
    }
    if (type === 'custom') box.free.add(name);
    const schema = type === 'custom' ? FREE_TEXT : ((parameters ?? { type: 'object' }) as JsonSchema);
    box.specs.push({ name, description: description ?? '', parameters: schema });
  }
  return box;
}

/** Undefined: the caller leaves it open. Throws HttpError when a tool is asked for and there is none. */
export function toToolChoice(choice: ResponsesRequest['tool_choice'], { specs }: Toolbox): ToolChoice | undefined {
  if (choice == null) return undefined;
  const word = typeof choice === 'string' ? choice : undefined;
  if (specs.length === 0) {
    if (word !== 'required' && choice !== null && typeof choice === 'string') return undefined;
    throw new HttpError(400, 'invalid_request', 'tool_choice asks for a tool, and there is none', 'tool_choice');
  }
  if (word !== undefined) return word as ToolChoice;
  const { type, name, mode, tools = [] } = choice as Exclude<typeof choice, string>;
  if (type !== 'allowed_tools') return name === undefined ? 'auto' : { tool: name };
  const only = tools.length === 1 ? tools[0]?.name : undefined;
  return mode === 'required' && only !== undefined ? { tool: only } : (mode ?? 'auto');
}
