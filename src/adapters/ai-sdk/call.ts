import type { ToolChoice, ToolSpec } from '../../chat/tool-spec.js';
import { TURN, type TurnOptions } from '../../engine/request-options.js';
import { checkName, checkNumberIn } from '../../kit/option-checks.js';
import { rangeOf, readTable } from '../../kit/option-table.js';
import { type OptionsOf, other } from '../../native/option-kinds.js';
import type { JsonSchema } from '../../schema/compile-schema.js';
import type { ChatCall } from '../../stateless/chat-call.js';
import type { Signatures } from '../../stateless/signature.js';
import { toMessages } from './prompt.js';
import type { CallOptions, Warning } from './specification.js';

const { signal: _signal, schema: _schema, stop: _stop, toolChoice: _choice, program: _program, ...SHARED } = TURN;

/** What `providerOptions.banyan` has besides the options of a turn. */
export const PROVIDER_OWN = {
  /** Agent run that the call is part of: a name of your choice, or the id of an `engine.program()`. Default: its conversation's. */
  program: other<string | number>('a name, or the id of a program', (field, value) =>
    typeof value === 'string' ? checkName(field, value) : checkNumberIn(field, value, rangeOf('program', 'request')),
  ),
};

/** The table of `providerOptions.banyan`. */
const PROVIDER_OPTIONS = { ...SHARED, ...PROVIDER_OWN };

/** What `providerOptions.banyan` may hold: options of the engine, which come before the AI SDK's own settings. */
export interface BanyanProviderOptions extends OptionsOf<typeof PROVIDER_OPTIONS> {}

/** A call of the AI SDK as the engine takes it. */
export interface Call extends ChatCall {
  /** Name of the agent run. */
  run: string | undefined;
  warnings: Warning[];
}

/** Throws INVALID_OPTION, INVALID_MESSAGES. */
export function toCall(asked: CallOptions, signatures: Signatures): Call {
  const warnings: Warning[] = [];
  const given = asked.providerOptions?.banyan ?? {};
  const { program, ...more } = readTable('providerOptions.banyan', given, PROVIDER_OPTIONS, 'providerOptions.banyan.');
  const options: TurnOptions = {
    ...toSampling(asked),
    ...toAnswerForm(asked, warnings),
    ...toToolOptions(asked.toolChoice),
    ...more,
    ...(typeof program === 'number' && { program: { id: program } }),
  };
  return {
    messages: toMessages(asked.prompt, signatures),
    tools: toTools(asked, warnings),
    options,
    run: typeof program === 'string' ? program : undefined,
    ignored: [],
    warnings,
  };
}

function toSampling(asked: CallOptions): TurnOptions {
  const { maxOutputTokens: maxTokens, temperature, topP, topK, presencePenalty, frequencyPenalty } = asked;
  const seed = asked.seed === undefined ? undefined : asked.seed >>> 0;
  return { maxTokens, temperature, topP, topK, presencePenalty, frequencyPenalty, seed, stop: asked.stopSequences };
}

function toAnswerForm({ responseFormat: format, reasoning }: CallOptions, warnings: Warning[]): TurnOptions {
  const [level, chosen] = [reasoning ?? 'provider-default', {} as TurnOptions];
  if (level !== 'provider-default') chosen.thinking = level !== 'none' && level !== 'minimal';
  if (!['provider-default', 'none', 'minimal'].includes(level)) {
    const details =
      'the model reasons, but as much as it likes: `thinkingTokens` of `providerOptions.banyan` is a bound';
    warnings.push({ type: 'compatibility', feature: `reasoning: ${level}`, details });
  }
  if (format?.type !== 'json') return chosen;
  if (format.description !== undefined) warnings.push({ type: 'unsupported', feature: 'description of the output' });
  return { ...chosen, schema: (format.schema ?? { type: 'object' }) as JsonSchema };
}

function toToolOptions(choice: CallOptions['toolChoice']): TurnOptions {
  if (choice === undefined) return {};
  const toolChoice: ToolChoice = choice.type === 'tool' ? { tool: choice.toolName } : choice.type;
  return { toolChoice };
}

function toTools({ tools = [] }: CallOptions, warnings: Warning[]): ToolSpec[] {
  return tools.flatMap((tool): ToolSpec[] => {
    if (tool.type !== 'function') {
      warnings.push({
        type: 'unsupported',
        feature: `tool ${tool.name}`,
        details: `${tool.id} runs at its provider's`,
      });
      return [];
    }
    const { name, description = '', inputSchema, inputExamples } = tool;
    if (inputExamples?.length) warnings.push({ type: 'unsupported', feature: `input examples of tool ${name}` });
    return [{ name, description, parameters: inputSchema as JsonSchema }];
  });
}
