import type { ChatMessage } from '../chat/chat-message.js';
import type { ToolSpec } from '../chat/tool-spec.js';
import type { Change } from './cache/changes.js';
import { type CompiledRule, followRules } from './cache/rules.js';
import type { ChatCall } from './chat-call.js';
import { ToolNames } from './tool-names.js';
import { withUsableSchemas } from './tool-schemas.js';

/** A call as the model is shown it. */
export interface ShownCall {
  messages: ChatMessage[];
  tools: ToolSpec[];
  options: ChatCall['options'];
  /** Names of its tools, the caller's and the model's. */
  names: ToolNames;
  /** Lines of the instructions that are to stand behind the latest question. */
  moved: string[];
  /** Everything that the model reads otherwise than it was sent. */
  changes: Change[];
}

/**
 * A call in the names that the model knows, its tools' schemas as far as they can be enforced, its instructions as the rules
 * have them. `lateSystem`: the chat template shows instructions in the midst of a conversation.
 */
export function toShown(call: ChatCall, rules: readonly CompiledRule[], lateSystem: boolean): ShownCall {
  const changes = [...(call.changes ?? [])];
  const names = new ToolNames(call.tools);
  const tools = withUsableSchemas(call.tools, changes).map((tool) => names.spec(tool));
  if (tools.some(({ name }, index) => index > 0 && name < (tools[index - 1] as ToolSpec).name)) {
    changes.push({ kind: 'tool-order', what: 'tools (sorted by name)' });
  }
  const { messages, moved } = followRules(
    rules,
    call.messages.map((message) => names.message(message)),
    changes,
  );
  if (!lateSystem) changes.push(...lateSystems(call));
  const { toolChoice } = call.options;
  const options = { ...call.options, ...(toolChoice !== undefined && { toolChoice: names.choice(toolChoice) }) };
  return { messages, tools, options, names, moved, changes };
}

function lateSystems({ messages, fields }: ChatCall): Change[] {
  const begin = messages.findIndex(({ role }) => role !== 'system');
  return messages.flatMap(({ role }, index): Change[] => {
    if (role !== 'system' || begin < 0 || index < begin) return [];
    const field = fields?.[index] ?? `messages[${index}]`;
    return [{ kind: 'late-system', what: `${field} (system in the midst: told as the user's)` }];
  });
}
