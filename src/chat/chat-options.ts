import { BanyanError } from '../kit/errors.js';
import { checkOneOf } from '../kit/option-checks.js';
import { readOptions } from '../kit/read-options.js';
import type { ChatInput } from '../native/binding.js';
import { flag, name, type OptionsOf, other } from '../native/option-kinds.js';
import type { CompiledSchema } from '../schema/compile-schema.js';
import { readToolSpecs, type ToolChoice, type ToolSpec, toTemplateTools } from './tool-spec.js';

/** What of a turn's options its chat template and its grammar are made of. */
export const CHAT = {
  /**
   * Grammar (GBNF) that the answer follows; with messages the reasoning before it is free. Not together with `schema` or
   * tools. Default: none.
   */
  grammar: name(),
  /** Choice of tools: `auto`, `none`, `required`, or `{ tool }`, the only one to call. Default `auto`. */
  toolChoice: other<ToolChoice>('"auto", "none", "required" or { tool }', readToolChoice),
  /** Leave to call several tools in one turn. Default: true, and false where `toolChoice` forces a call. */
  parallelToolCalls: flag(),
  /** Leave for reasoning models to think first. Default true. */
  thinking: flag(true),
};

/** What a conversation may end with, beside a question. */
export const CONTINUE = {
  /**
   * Leave to go on with the last message, an assistant's: the answer is what follows it. With a `schema` that message is the
   * beginning of the JSON. Not where `toolChoice` forces a call. Default false: a new answer follows it.
   */
  continueAnswer: flag(false),
};

/** What the model may call. */
export const TOOLS = {
  /** Tools that the model may call; only with messages. Default: none. */
  tools: other<readonly ToolSpec[]>('a list of tools', readToolSpecs),
};

export interface ChatOptions extends OptionsOf<typeof CHAT> {}

/** What the chat template gets besides messages; the same for all turns of a session but for the tool choice. */
export interface ChatSettings extends Omit<ChatInput, 'messages' | 'addGenerationPrompt'> {
  /** The tool of `toolChoice: { tool }`. */
  onlyTool: string | undefined;
}

/** What of a request's options says of what form its answer is. */
interface FormOptions extends OptionsOf<typeof CHAT & typeof TOOLS & typeof CONTINUE> {
  schema?: object | undefined;
  ignoreEos?: boolean | undefined;
}

/** The settings of options that were read by their tables. Throws INVALID_OPTION, INVALID_SCHEMA. */
export function toChatSettings(options: FormOptions, schema: CompiledSchema | undefined): ChatSettings {
  checkConflicts(options);
  const { toolChoice = 'auto', tools = [], grammar = '', thinking = true, continueAnswer = false } = options;
  const templateTools = toTemplateTools(tools);
  const onlyTool = typeof toolChoice === 'object' ? checkOnlyTool(toolChoice, tools) : undefined;
  const choice = typeof toolChoice === 'object' ? 'required' : toolChoice;
  return {
    tools: templateTools,
    toolChoice: choice,
    onlyTool,
    // A model that must call and has said all goes on calling: one is what was asked for.
    parallelToolCalls: options.parallelToolCalls ?? choice !== 'required',
    jsonSchema: schema?.grammar ?? '',
    grammar,
    enableThinking: thinking,
    continueAnswer,
    // Some templates show the schema; `jsonSchema` is for the grammar.
    templateArgs: schema ? { response_format: JSON.stringify(schema.json) } : {},
  };
}

function checkOnlyTool({ tool }: { tool: string }, tools: readonly ToolSpec[]): string {
  if (tools.some(({ name }) => name === tool)) return tool;
  throw new BanyanError('INVALID_OPTION', `There is no tool "${tool}"`, { field: 'toolChoice.tool' });
}

function readToolChoice(field: string, value: unknown): ToolChoice {
  if (typeof value === 'object' && value !== null) return readOptions(field, value as { tool: string }, ['tool']);
  return checkOneOf(field, value, ['auto', 'none', 'required'] as const);
}

/** An option that is at fault when others were given with it. */
interface Conflict {
  readonly field: keyof FormOptions;
  /** Whether the others that it excludes are there. */
  readonly others: (given: FormOptions) => boolean;
  readonly message: string;
}

const hasTools = ({ tools }: FormOptions): boolean => tools !== undefined && tools.length > 0;

const isForced = ({ toolChoice }: FormOptions): boolean => toolChoice === 'required' || typeof toolChoice === 'object';

/** Options of one request that exclude each other. The addon refuses two grammars of one request again, of any caller. */
const CONFLICTS: readonly Conflict[] = [
  {
    field: 'grammar',
    others: ({ schema }) => schema !== undefined,
    message: 'Pass `grammar` or `schema`, not both',
  },
  { field: 'grammar', others: hasTools, message: 'A grammar and tools exclude each other' },
  {
    field: 'ignoreEos',
    others: (given) => given.grammar !== undefined || given.schema !== undefined || hasTools(given),
    message: '`ignoreEos` excludes tools, a schema and a grammar: such an answer has an end',
  },
  {
    field: 'continueAnswer',
    others: (given) => hasTools(given) && isForced(given),
    message: 'An answer that has begun is no call: continueAnswer and a forced call exclude each other',
  },
];

/** Throws INVALID_OPTION for the first conflict; the options were read by their tables. */
function checkConflicts(given: FormOptions): void {
  for (const { field, others, message } of CONFLICTS) {
    const asked = given[field] !== undefined && given[field] !== false;
    if (asked && others(given)) throw new BanyanError('INVALID_OPTION', message, { field });
  }
}
