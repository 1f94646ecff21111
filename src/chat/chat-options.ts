import { BanyanError } from '../kit/errors.js';
import { toolListHint } from '../kit/foreign-shapes.js';
import { checkFlag, checkName, checkOneOf, invalidOption } from '../kit/option-checks.js';
import type { ChatInput } from '../native/binding.js';
import type { CompiledSchema } from '../schema/compile-schema.js';
import { type ToolChoice, type ToolSpec, toTemplateTools } from './tool-spec.js';

/** What of a turn's options its chat template and its grammar are made of. */
export interface ChatOptions {
  /**
   * The answer follows this GBNF grammar; with messages the reasoning before it is free. Not together with `schema` or
   * tools.
   */
  grammar?: string | undefined;
  /** Default `auto`. */
  toolChoice?: ToolChoice | undefined;
  /** May the model call several tools in one turn? Default: true, and false where `toolChoice` forces a call. */
  parallelToolCalls?: boolean | undefined;
  /** Lets reasoning models think first. Default true. */
  thinking?: boolean | undefined;
}

/** What the chat template gets besides messages; the same for all turns of a session but for the tool choice. */
export interface ChatSettings extends Omit<ChatInput, 'messages' | 'addGenerationPrompt'> {
  /** The tool of `toolChoice: { tool }`. */
  onlyTool: string | undefined;
}

/** Throws INVALID_OPTION, INVALID_SCHEMA. */
export function toChatSettings(
  options: ChatOptions & { tools?: readonly ToolSpec[] | undefined },
  schema: CompiledSchema | undefined,
): ChatSettings {
  const { toolChoice = 'auto', tools = [] } = options;
  if (!Array.isArray(tools)) throw invalidOption('tools', 'a list of tools', tools, toolListHint(tools));
  const templateTools = toTemplateTools(tools);
  const onlyTool = typeof toolChoice === 'object' ? checkOnlyTool(toolChoice, tools) : undefined;
  const choice =
    typeof toolChoice === 'object' ? 'required' : checkOneOf('toolChoice', toolChoice, ['auto', 'none', 'required']);
  if (options.grammar !== undefined && tools.length > 0) {
    throw new BanyanError('INVALID_OPTION', 'A grammar and tools exclude each other', { field: 'grammar' });
  }
  return {
    tools: templateTools,
    toolChoice: choice,
    onlyTool,
    // A model that must call and has said all goes on calling: one is what was asked for.
    parallelToolCalls: checkFlag('parallelToolCalls', options.parallelToolCalls ?? choice !== 'required'),
    jsonSchema: schema?.grammar ?? '',
    grammar: checkName('grammar', options.grammar ?? ''),
    enableThinking: checkFlag('thinking', options.thinking ?? true),
    // Some templates show the schema; `jsonSchema` is for the grammar.
    templateArgs: schema ? { response_format: JSON.stringify(schema.json) } : {},
  };
}

function checkOnlyTool(choice: { tool: string } | null, tools: readonly ToolSpec[]): string | undefined {
  if (tools.some(({ name }) => name === choice?.tool)) return choice?.tool;
  throw new BanyanError('INVALID_OPTION', `There is no tool "${choice?.tool}"`, { field: 'toolChoice.tool' });
}
