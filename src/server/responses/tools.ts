import type { ToolChoice, ToolSpec } from '../../chat/tool-spec.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import { HttpError } from '../http/http-error.js';
import type { ResponsesRequest, WireItem, WireTool } from './wire.js';

/** Argument of a tool that takes a text instead of JSON. */
const FREE_TEXT: JsonSchema = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] };

/** A tool as the client names it. */
export interface NamedTool {
  name: string;
  /** Of a tool that came in one; its calls must say it, or the client does not know them. */
  namespace: string | undefined;
  /** It takes a text instead of JSON. */
  free: boolean;
}

/** The tools of a request as the model is shown them, and each under its name there as the client knows it. */
export interface Toolbox {
  specs: ToolSpec[];
  named: ReadonlyMap<string, NamedTool>;
}

/** Name of a tool, or of a call of it, for the model: tools of two namespaces may have the same name. */
export const shownName = ({
  namespace,
  name = '',
}: {
  namespace?: string | null | undefined;
  name?: string | undefined;
}) => (namespace ? `${namespace}__${name}` : name);

/** Tools that the items of a conversation bring with them. */
export const broughtTools = (items: readonly WireItem[]): WireTool[] =>
  items.flatMap(({ type, tools }) => (type === 'additional_tools' ? (tools ?? []) : []));

/** Namespaces are opened; tools that run at OpenAI's are ignored, by name. Of two with one name the later counts. */
export function toToolbox(wire: readonly WireTool[], ignored: string[]): Toolbox {
  const specs = new Map<string, ToolSpec>();
  const named = new Map<string, NamedTool>();
  const flat = wire.flatMap(({ tools, ...tool }) =>
    tool.type === 'namespace'
      ? (tools ?? []).map((inner) => ({ ...(inner as WireTool), namespace: tool.name }))
      : [{ ...tool, namespace: undefined }],
  );
  for (const { type, name, namespace, description, parameters } of flat) {
    if (name === undefined || (type !== 'function' && type !== 'custom')) {
      ignored.push(`tool ${type}`);
      continue;
    }
    const free = type === 'custom';
    const schema = free ? FREE_TEXT : ((parameters ?? { type: 'object' }) as JsonSchema);
    const shown = shownName({ namespace, name });
    named.set(shown, { name, namespace, free });
    specs.set(shown, { name: shown, description: description ?? '', parameters: schema });
  }
  return { specs: [...specs.values()], named };
}

/** Undefined: the caller leaves it open. Throws HttpError when a tool is asked for and there is none. */
export function toToolChoice(choice: ResponsesRequest['tool_choice'], toolbox: Toolbox): ToolChoice | undefined {
  if (choice == null) return undefined;
  const word = typeof choice === 'string' ? choice : undefined;
  if (toolbox.specs.length === 0) {
    if (word !== 'required' && choice !== null && typeof choice === 'string') return undefined;
    throw new HttpError(400, 'invalid_request', 'tool_choice asks for a tool, and there is none', 'tool_choice');
  }
  if (word !== undefined) return word as ToolChoice;
  const { type, name, mode, tools = [] } = choice as Exclude<typeof choice, string>;
  const toChoice = (tool: { name?: string | undefined }) => ({ tool: chosen(tool, toolbox) });
  if (type !== 'allowed_tools') return name === undefined ? 'auto' : toChoice(choice as { name: string });
  const [only] = tools.filter((tool) => tool.name !== undefined);
  return mode === 'required' && tools.length === 1 && only ? toChoice(only) : (mode ?? 'auto');
}

/** The model's name of a tool that is chosen; a client may leave its namespace out. */
function chosen(tool: { name?: string | undefined; namespace?: unknown }, { named }: Toolbox): string {
  const { namespace } = tool;
  const shown = shownName({ ...tool, namespace: typeof namespace === 'string' ? namespace : undefined });
  if (named.has(shown)) return shown;
  return [...named].find(([, { name }]) => name === tool.name)?.[0] ?? shown;
}
