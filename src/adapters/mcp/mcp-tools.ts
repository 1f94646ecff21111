import { defineTool, type Tool } from '../../agent/tool.js';
import { nearestName } from '../../kit/advice/known-names.js';
import { BanyanError } from '../../kit/errors.js';
import { checkName, invalidOption } from '../../kit/option-checks.js';
import { readTable } from '../../kit/option-table.js';
import { readList } from '../../kit/read-options.js';
import { name, number, type OptionsOf, other } from '../../native/option-kinds.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import { modelName } from '../../stateless/tool-names.js';
import { withUsableSchemas } from '../../stateless/tool-schemas.js';

/** A tool as a server lists it. */
export interface McpTool {
  name: string;
  description?: string | undefined;
  inputSchema: object;
  annotations?: { idempotentHint?: boolean | undefined; readOnlyHint?: boolean | undefined } | undefined;
}

/** A client that is connected to one server: `Client` of @modelcontextprotocol/client 2, over whatever transport. */
export interface McpClient {
  listTools(params?: undefined, options?: { cacheMode?: 'refresh' }): Promise<{ tools: McpTool[] }>;
  callTool(
    params: { name: string; arguments?: Record<string, unknown> },
    options?: { signal?: AbortSignal; timeout?: number },
  ): Promise<unknown>;
}

/** The table of McpOptions. */
export const MCP = {
  /** What the model's names of these tools begin with, to tell them from another server's. Default: nothing. */
  prefix: name(),
  /** The server's names of the tools to take. Default: all. */
  only: other<readonly string[]>('a list of names', readNames),
  /** Milliseconds for a call, 1 to 2,147,483,647. Default: the agent's `limits.toolTimeoutMs`. */
  timeoutMs: number({ min: 1, max: 2 ** 31 - 1, whole: true }),
};

export interface McpOptions extends OptionsOf<typeof MCP> {}

/** The client's own limit of a minute would end calls that the agent still waits for. */
const NO_LIMIT_MS = 2 ** 31 - 1;

/**
 * The tools of a server of the Model Context Protocol, for `new Agent({ tools })`. The list is the server's of now, and stays:
 * the prompt of an agent does not change under it. Ask again for the next agent when the server says that its list has changed.
 *
 * A name that chat templates do not take (dots, more than 64 characters) is another one for the model, always the same. A
 * schema that cannot be enforced is shown to the model, and any object taken. What the server says of its tools is believed:
 * one that is read-only or idempotent may be called again by `agent.resume()`.
 *
 * A call that the server refuses, or that its end cuts off, is a failed outcome for the model to read, and no failure of the
 * run. Rejects with INVALID_OPTION, also for an `only` that the server does not have, and with what the client rejects with.
 */
export async function mcpTools(client: McpClient, options: McpOptions = {}): Promise<Tool[]> {
  const { prefix = '', only, timeoutMs } = readTable('options', options, MCP);
  if (typeof client?.listTools !== 'function' || typeof client.callTool !== 'function') {
    throw invalidOption('client', 'a connected client of @modelcontextprotocol/client', client);
  }
  const { tools: listed } = await client.listTools(undefined, { cacheMode: 'refresh' });
  checkListed(only ?? [], listed);
  const shown = new Map<string, Tool>();
  for (const tool of listed) {
    if (only && !only.includes(tool.name)) continue;
    const known = modelName(prefix + tool.name);
    if (known !== '' && !shown.has(known)) shown.set(known, toTool(client, tool, known, timeoutMs));
  }
  return [...shown.values()];
}

function toTool(
  client: McpClient,
  { name: theirs, ...tool }: McpTool,
  known: string,
  timeoutMs: number | undefined,
): Tool {
  const parameters = tool.inputSchema as JsonSchema;
  const [usable] = withUsableSchemas([{ name: known, description: tool.description ?? '', parameters }], []);
  const { idempotentHint = false, readOnlyHint = false } = tool.annotations ?? {};
  return defineTool({
    name: known,
    description: usable?.description ?? '',
    input: usable?.parameters ?? {},
    idempotent: idempotentHint || readOnlyHint,
    ...(timeoutMs !== undefined && { timeoutMs }),
    execute: (input, { signal }) =>
      client.callTool({ name: theirs, arguments: Object(input) }, { signal, timeout: NO_LIMIT_MS }),
  });
}

function checkListed(only: readonly string[], listed: readonly McpTool[]): void {
  const names = listed.map((tool) => tool.name);
  const missing = only.find((one) => !names.includes(one));
  if (missing === undefined) return;
  const near = nearestName(missing, names);
  const hint = near === undefined ? `only ${names.join(', ')}` : `is "${near}" meant?`;
  throw new BanyanError('INVALID_OPTION', `The server has no tool "${missing}", ${hint}`, { field: 'only' });
}

function readNames(field: string, value: unknown): readonly string[] {
  const names = readList(field, value as readonly string[], 'a list of names');
  return names.map((one, index) => checkName(`${field}[${index}]`, one));
}
