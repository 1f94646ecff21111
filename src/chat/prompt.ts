import type { RequestHost } from '../backend/request-host.js';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import { promptHint, toolListHint } from '../kit/foreign-shapes.js';
import { longList, longText } from '../kit/long-text.js';
import { checkFlag, checkName, checkOneOf, invalidOption } from '../kit/option-checks.js';
import type { ChatFormat, ChatInput, RenderedChat } from '../native/binding.js';
import type { CompiledSchema } from '../schema/compile-schema.js';
import { type ChatMessage, textLength, toTemplateMessage } from './chat-message.js';
import type { ChatOptions } from './chat-options.js';
import { toConversation } from './conversation.js';
import { withPlainTypes } from './plain-types.js';
import { checkCountFits, checkTextFits } from './prompt-size.js';
import { renderHistory } from './render-history.js';
import { staticTokens } from './static-prefix.js';
import { checkToolsCanBeShown, type ToolChoice, type ToolSpec, toTemplateTools } from './tool-spec.js';

/**
 * What the model reads. Messages go through its chat template: that is how a question is asked. A text is a raw
 * completion: the model goes on writing it, and knows of no question. Token ids go in unchanged.
 */
export type Prompt = string | readonly ChatMessage[] | Int32Array | readonly number[];

/** Ready to be submitted. `jsonSchema` and `grammar` are empty when the chat format holds them already. */
export interface PreparedPrompt {
  prompt: Int32Array;
  chat: ChatFormat | null;
  jsonSchema: string;
  grammar: string;
  /** Of the prompt: instructions and tools. */
  staticTokens: number;
}

/** A turn's options and its tools. */
export interface PromptOptions extends ChatOptions {
  tools?: readonly ToolSpec[] | undefined;
}

/** What the chat template gets besides messages; the same for all turns of a session but for the tool choice. */
export type ChatSettings = Omit<ChatInput, 'messages' | 'addGenerationPrompt'>;

export function toChatSettings(options: PromptOptions, schema: CompiledSchema | undefined): ChatSettings {
  const { toolChoice = 'auto', tools = [] } = options;
  if (!Array.isArray(tools)) throw invalidOption('tools', 'a list of tools', tools, toolListHint(tools));
  const templateTools = toTemplateTools(tools);
  if (typeof toolChoice === 'object') {
    if (!tools.some((tool) => tool.name === toolChoice?.tool)) {
      throw new BanyanError('INVALID_OPTION', `There is no tool "${toolChoice?.tool}"`, { field: 'toolChoice.tool' });
    }
  } else {
    checkOneOf('toolChoice', toolChoice, ['auto', 'none', 'required']);
  }
  if (options.grammar !== undefined && tools.length > 0) {
    throw new BanyanError('INVALID_OPTION', 'A grammar and tools exclude each other', { field: 'grammar' });
  }
  return {
    tools: templateTools,
    toolChoice: typeof toolChoice === 'object' ? 'required' : toolChoice,
    // A model that must call and has said all goes on calling: one is what was asked for.
    parallelToolCalls: checkFlag('parallelToolCalls', options.parallelToolCalls ?? !isForced(toolChoice)),
    jsonSchema: schema?.grammar ?? '',
    grammar: checkName('grammar', options.grammar ?? ''),
    enableThinking: checkFlag('thinking', options.thinking ?? true),
    // Some templates show the schema; `jsonSchema` is for the grammar.
    templateArgs: schema ? { response_format: JSON.stringify(schema.json) } : {},
  };
}

/** Renders messages of `toConversation`; a named tool choice narrows the grammar and leaves the prompt as it is, so that its prefix still hits. */
export async function renderChat(
  host: RequestHost,
  settings: ChatSettings,
  messages: readonly ChatMessage[],
  options: { addGenerationPrompt: boolean; onlyTool?: string | undefined },
): Promise<RenderedChat> {
  const render = (shaped: readonly ChatMessage[]) => renderShaped(host, settings, shaped, options);
  return renderHistory(render, messages, host.native.info.supportsParallelCalls);
}

async function renderShaped(
  host: RequestHost,
  settings: ChatSettings,
  messages: readonly ChatMessage[],
  options: { addGenerationPrompt: boolean; onlyTool?: string | undefined },
): Promise<RenderedChat> {
  const { addGenerationPrompt, onlyTool } = options;
  const input = { ...settings, messages: await longList(messages, textLength, toTemplateMessage), addGenerationPrompt };
  const { rendered, shown } = await renderTools(host, input);
  if (onlyTool === undefined) return rendered;
  const tools = shown.filter((tool) => (tool as { function: { name: string } }).function.name === onlyTool);
  const { format } = await host.native.renderChat({ ...input, tools });
  return { ...rendered, format };
}

/** Some templates only know properties with one type; a tool is shown so where they refuse it as it is. */
async function renderTools(
  { native }: RequestHost,
  input: ChatInput,
): Promise<{ rendered: RenderedChat; shown: unknown[] }> {
  try {
    return { rendered: await native.renderChat(input), shown: input.tools };
  } catch (reason) {
    if (input.tools.length === 0 || asBanyanError(reason).code !== 'INVALID_TEMPLATE') throw reason;
    const shown = input.tools.map(withPlainTypes);
    const rendered = await native.renderChat({ ...input, tools: shown }).catch(() => undefined);
    if (!rendered) throw reason;
    return { rendered, shown };
  }
}

/** A call is asked for, whatever the model would say. */
const isForced = (toolChoice: ToolChoice): boolean => toolChoice === 'required' || typeof toolChoice === 'object';

/** The name in `toolChoice: { tool }`. */
export function namedTool(options: ChatOptions): string | undefined {
  return typeof options.toolChoice === 'object' ? options.toolChoice.tool : undefined;
}

/** Checks the prompt now (throws INVALID_MESSAGES, INVALID_OPTION) and returns how to prepare it later. */
export function planPrompt(
  host: RequestHost,
  prompt: Prompt,
  options: PromptOptions,
  schema: CompiledSchema | undefined,
): () => Promise<PreparedPrompt> {
  const settings = toChatSettings(options, schema);
  if (isMessages(prompt)) {
    if (!Array.isArray(prompt)) {
      const message = `The prompt must be a text, a list of messages or token ids${promptHint(prompt)}`;
      throw new BanyanError('INVALID_MESSAGES', message, { field: 'messages' });
    }
    const messages = toConversation(prompt);
    checkToolsCanBeShown(host.native.info, options.tools ?? []);
    return async () => {
      const chat = await renderChat(host, settings, messages, {
        addGenerationPrompt: true,
        onlyTool: namedTool(options),
      });
      const fixed = await staticTokens(host.native, chat, messages);
      const held = { jsonSchema: '', grammar: '' };
      return { prompt: chat.tokens, chat: chat.format, ...held, staticTokens: fixed };
    };
  }
  if (settings.tools.length > 0) throw invalidOption('tools', 'left out unless the prompt is messages', options.tools);
  const { jsonSchema, grammar } = settings;
  const tokens = planTokens(host, prompt);
  return async () => ({ prompt: await tokens(), chat: null, jsonSchema, grammar, staticTokens: 0 });
}

/** The tokens of a text, or of a list that is checked now; what cannot fit is refused later, with PROMPT_TOO_LONG. */
export function planTokens(
  { native }: RequestHost,
  prompt: string | Int32Array | readonly number[],
): () => Promise<Int32Array> {
  if (typeof prompt === 'string') {
    return async () => {
      checkTextFits(native.info, prompt);
      return native.tokenizeLater(await longText(prompt), true, true);
    };
  }
  const tokens = prompt.length < native.info.maxContext ? checkTokens(prompt) : undefined;
  return async () => {
    checkCountFits(native.info, prompt);
    return tokens as Int32Array;
  };
}

export function isMessages(prompt: Prompt): prompt is readonly ChatMessage[] {
  if (typeof prompt === 'string' || prompt instanceof Int32Array) return false;
  return !Array.isArray(prompt) || typeof prompt[0] !== 'number';
}

/** A copy: the caller may change its array while the request waits. The vocabulary's bounds are checked natively. */
export function checkTokens(tokens: Int32Array | readonly number[]): Int32Array {
  if (!Array.isArray(tokens) && !(tokens instanceof Int32Array))
    throw invalidOption('prompt', 'a list of token ids', tokens);
  const copy = new Int32Array(tokens.length);
  for (let index = 0; index < copy.length; index++) {
    const token = tokens[index] as number; // read once: it may answer otherwise the second time
    if (!Number.isInteger(token) || token < 0 || token >= 2 ** 31) {
      throw invalidOption(`prompt[${index}]`, 'a token id', token);
    }
    copy[index] = token;
  }
  return copy;
}
