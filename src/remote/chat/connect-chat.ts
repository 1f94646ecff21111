import { complete } from '../../kit/complete-options.js';
import { BanyanError } from '../../kit/errors.js';
import { readTable } from '../../kit/option-table.js';
import { checkChatOnly, REMOTE, type RemoteOptions } from '../remote-options.js';
import { ChatBackend } from './chat-backend.js';

/** The backend of RemoteEngine.connect() in chat mode; undefined: `chat` is not given. Throws INVALID_OPTION, ABORTED. */
export function connectChat(given: RemoteOptions): ChatBackend | undefined {
  const options = readTable('options', given, REMOTE);
  const { chat, signal } = options;
  if (!chat) return undefined;
  checkChatOnly(options);
  if (signal?.aborted) throw new BanyanError('ABORTED', 'Connecting was aborted', { cause: signal.reason });
  const { idleMs, firstTokenMs } = complete(REMOTE, options);
  return new ChatBackend(chat, { idleMs, firstTokenMs });
}
