import { asBanyanError, type BanyanError } from '../kit/errors.js';
import type { RenderedChat } from '../native/binding.js';
import type { ChatMessage } from './chat-message.js';
import { inWords, oneCallATurn, plainIds, plainRoles, type Shape } from './history-shapes.js';

/** Tried one after the other until the template takes one: what is said is the same, only the roles and turns get plainer. */
const SHAPES: readonly Shape[] = [
  (messages) => [...messages],
  plainIds,
  (messages) => plainRoles(plainIds(messages)),
  (messages) => oneCallATurn(plainIds(messages)),
  (messages) => plainRoles(oneCallATurn(plainIds(messages))),
  inWords,
];

/**
 * Renders messages (of `toConversation`) with the first shape that the chat template takes. Rejects with what it said of
 * the messages as they are when it takes none.
 */
export async function renderHistory(
  render: (messages: readonly ChatMessage[]) => Promise<RenderedChat>,
  messages: readonly ChatMessage[],
  parallelCalls: boolean,
): Promise<RenderedChat> {
  let refusal: BanyanError | undefined;
  for (const shape of SHAPES) {
    try {
      const shaped = shape(messages);
      return await render(parallelCalls ? shaped : oneCallATurn(shaped));
    } catch (reason) {
      const error = asBanyanError(reason);
      if (!isOfMessages(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal as BanyanError;
}

/** The template refused what it was given; other messages may do. */
function isOfMessages({ code, field }: BanyanError): boolean {
  return (code === 'INVALID_MESSAGES' || code === 'INVALID_TEMPLATE') && field === 'messages';
}
