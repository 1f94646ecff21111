// Shapes of other libraries that people pass out of habit. Each function says what to write here, '' when it knows nothing.

/** Of a tool where a `{ name, description, parameters }` is expected. */
export function toolSpecHint(tool: unknown): string {
  const { type, function: inner, input, inputSchema, input_schema: snake } = fields(tool);
  if (type === 'function' && inner !== undefined) {
    return ". This is OpenAI's shape: pass what is in its `function`, { name, description, parameters }";
  }
  if (input !== undefined || inputSchema !== undefined || snake !== undefined) {
    return '. The JSON Schema of the arguments goes into `parameters`; an Agent takes tools of defineTool()';
  }
  return '';
}

/** Of a tool where one of `defineTool()` is expected. */
export function agentToolHint(tool: unknown): string {
  const { type, function: inner, execute } = fields(tool);
  if (type === 'function' && inner !== undefined) return `. ${OPENAI_DEFINITION}`;
  if (typeof execute === 'function') {
    return '. Write defineTool({ name, description, input, execute }) around it: then its arguments are checked';
  }
  return typeof tool === 'object' ? '. To run a tool the agent needs its function: defineTool({ ..., execute })' : '';
}

/** Of a `tools` that is no list. */
export function toolListHint(tools: unknown): string {
  const isSet = typeof tools === 'object' && tools !== null;
  return isSet ? '. Each tool carries its own `name`: pass [a, b], not { a, b }' : '';
}

/** Of what `defineTool` was given. */
export function definitionHint(definition: unknown): string {
  const { type, function: inner } = fields(definition);
  return type === 'function' && inner !== undefined ? OPENAI_DEFINITION : '';
}

const OPENAI_DEFINITION =
  "This is OpenAI's shape: write defineTool({ name, description, input: parameters, execute }) with what is in its `function`";

/** Of a prompt that is neither text, messages nor tokens. */
export function promptHint(prompt: unknown): string {
  const { messages, prompt: text, role } = fields(prompt);
  if (messages !== undefined) return '. Pass the list itself: generate(messages, { maxTokens: 100 })';
  if (text !== undefined) return '. Pass the text itself: generate(text, { maxTokens: 100 })';
  return role === undefined ? '' : '. Put the message into a list: generate([message])';
}

const ROLES: Record<string, string> = {
  developer: 'system',
  human: 'user',
  model: 'assistant',
  ai: 'assistant',
  bot: 'assistant',
  function: 'tool',
};

/** Of an engine that is none. */
export function engineHint(engine: unknown): string {
  return engine instanceof Promise ? ': write `await Engine.load()`' : '';
}

/** Of a message without a role that is known. */
export function roleHint(message: unknown): string {
  if (typeof message === 'string') return ": write { role: 'user', content: '...' } for a text";
  const { role } = fields(message);
  const own = typeof role === 'string' && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  return own === undefined ? '' : `: "${own}" is what is called "${String(role)}" elsewhere`;
}

/** Of a message whose content is no string. */
export function contentHint(message: unknown): string {
  const { content, parts, tool_calls: calls } = fields(message);
  if (Array.isArray(content)) return ': join the text of its parts (images and audio are not read)';
  if (parts !== undefined) return ': join the text of its `parts`';
  return calls === undefined ? '' : ": '' beside calls, which go into `toolCalls: [{ id, name, arguments }]`";
}

/** Of a tool message without the id of its call. */
export function toolMessageHint(message: unknown): string {
  const { tool_call_id: snake } = fields(message);
  return snake === undefined ? '' : ': write `toolCallId` for `tool_call_id`';
}

/** Reading a property may throw: then there is nothing to say. */
function fields(value: unknown): Record<string, unknown> {
  try {
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
