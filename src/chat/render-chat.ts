import type { TokenCodec } from '../backend/backend.js';
import { asBanyanError, BanyanError, hasCode } from '../kit/errors.js';
import { longList } from '../kit/long-text.js';
import type { ChatInput, RenderedChat } from '../native/binding.js';
import { type ChatMessage, textLength, toTemplateMessage } from './chat-message.js';
import type { ChatSettings } from './chat-options.js';
import {
  instructionsInQuestion,
  inWords,
  lateAsReminders,
  oneCallATurn,
  plainIds,
  plainRoles,
  type Shape,
} from './shapes/history-shapes.js';
import { toolInstructions, withOwnTools } from './shapes/own-tools.js';
import { withPlainTypes } from './shapes/plain-types.js';

type Renderer = Pick<TokenCodec, 'info' | 'renderChat'>;

/** Tried one after the other until the template takes one: what is said is the same, only the roles and turns get plainer. */
const SHAPES: readonly Shape[] = [
  (messages) => [...messages],
  plainIds,
  (messages) => plainRoles(plainIds(messages)),
  (messages) => oneCallATurn(plainIds(messages)),
  (messages) => plainRoles(oneCallATurn(plainIds(messages))),
  inWords,
];

/** The same where the template has no format of calls: tools, calls and results are texts in all of them. */
function ownShapes(tools: readonly unknown[]): Shape[] {
  const own: Shape = (messages) => withOwnTools(messages, tools);
  return [own, (messages) => plainRoles(own(messages)), (messages) => instructionsInQuestion(own(messages))];
}

/**
 * Messages (of `toConversation`) in the words of the chat template, in the first shape that it takes. `ask`: an answer is to
 * follow. Rejects with what the template said of the messages as they are when it takes no shape.
 */
export async function renderChat(
  codec: Renderer,
  settings: ChatSettings,
  messages: readonly ChatMessage[],
  ask = true,
): Promise<RenderedChat> {
  const { supportsParallelCalls, supportsLateSystem, toolFormat } = codec.info;
  const own = toolFormat === 'banyan';
  const told = supportsLateSystem ? messages : lateAsReminders(messages);
  let refusal: BanyanError | undefined;
  for (const shape of own ? ownShapes(settings.tools) : SHAPES) {
    try {
      const shaped = shape(told);
      const chat = await renderShaped(codec, settings, supportsParallelCalls ? shaped : oneCallATurn(shaped), ask);
      if (own) checkToolsAreShown(chat, settings.tools);
      return chat;
    } catch (reason) {
      const error = asBanyanError(reason);
      if (!isOfMessages(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal as BanyanError;
}

/** Some templates show the last instructions only, or none, or change their words. Throws INVALID_TEMPLATE. */
function checkToolsAreShown({ prompt }: RenderedChat, tools: readonly unknown[]): void {
  if (tools.length === 0 || prompt.includes(toolInstructions(tools))) return;
  throw new BanyanError('INVALID_TEMPLATE', 'The chat template leaves the tools out', { field: 'messages' });
}

/** The template refused what it was given; other messages may do. */
function isOfMessages({ code, field }: BanyanError): boolean {
  return (code === 'INVALID_MESSAGES' || code === 'INVALID_TEMPLATE') && field === 'messages';
}

/** A named tool narrows the grammar and leaves the prompt as it is, so that its prefix still hits. */
async function renderShaped(
  codec: Renderer,
  { onlyTool, ...settings }: ChatSettings,
  messages: readonly ChatMessage[],
  addGenerationPrompt: boolean,
): Promise<RenderedChat> {
  const input = {
    ...settings,
    continueAnswer: settings.continueAnswer && addGenerationPrompt,
    messages: await longList(messages, textLength, toTemplateMessage),
    addGenerationPrompt,
  };
  const { rendered, shown } = await renderTools(codec, input);
  if (onlyTool === undefined) return rendered;
  const tools = shown.filter((tool) => (tool as { function: { name: string } }).function.name === onlyTool);
  const { format } = await codec.renderChat({ ...input, tools });
  return { ...rendered, format };
}

/** Some templates only know properties with one type; a tool is shown so where they refuse it as it is. */
async function renderTools(codec: Renderer, input: ChatInput): Promise<{ rendered: RenderedChat; shown: unknown[] }> {
  try {
    return { rendered: await codec.renderChat(input), shown: input.tools };
  } catch (reason) {
    // Without the field the budget of the template is spent, and would be once more.
    if (input.tools.length === 0 || !hasCode(reason, 'INVALID_TEMPLATE') || reason.field !== 'messages') throw reason;
    const shown = input.tools.map(withPlainTypes);
    const rendered = await codec.renderChat({ ...input, tools: shown }).catch(() => undefined);
    if (!rendered) throw reason;
    return { rendered, shown };
  }
}
