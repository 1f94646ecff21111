import type { Backend } from '../../backend/backend.js';
import type { ChatSettings } from '../../chat/chat-options.js';
import type { NextTurn } from '../../chat/next-turn.js';
import { renderChat } from '../../chat/render-chat.js';
import { BanyanError } from '../../kit/errors.js';
import type { History, LastTurn } from './history.js';

/** What is rendered of a conversation whose tokens are known: how an answer of these settings is read and held to its grammar. */
const QUESTION = [{ role: 'user' as const, content: 'x' }];

/**
 * The answer that a limit or a cancel cut, which the tokens end with. Throws MODEL_UNSUPPORTED where answers do not go on by their
 * tokens, INVALID_MESSAGES where there is none.
 */
export function cutAnswer(backend: Backend, { last, pushed, tokens }: History): LastTurn {
  if (!backend.goesOn) {
    const message =
      'Only an engine in this process goes on with an answer by its tokens: ask for the rest in a new turn';
    throw new BanyanError('MODEL_UNSUPPORTED', message);
  }
  const why = noneIn(last, tokens.length, pushed.length);
  if (why === undefined) return last as LastTurn;
  const message = `There is no answer to go on with: ${why}`;
  throw new BanyanError('INVALID_MESSAGES', message, { field: 'messages' });
}

function noneIn(last: LastTurn | undefined, tokens: number, pushed: number): string | undefined {
  if (!last) return 'no turn has ended';
  if (pushed > 0) return 'messages were pushed behind it, which a turn answers';
  if (last.answer === tokens) return 'the last one has no token';
  if (last.finishReason === 'length' || last.finishReason === 'cancelled') return undefined;
  return `the last one was not cut (finishReason ${last.finishReason})`;
}

/** The prompt of the rest of an answer: the tokens as they are. Rejects as `renderChat` does. */
export async function preparedRest(
  backend: Backend,
  { tokens: prompt, staticTokens, messages, known }: History,
  settings: ChatSettings,
): Promise<NextTurn> {
  const { format: chat } = await renderChat(backend, settings, QUESTION);
  return { prompt, staticTokens, chat, grammar: null, messages, known };
}
