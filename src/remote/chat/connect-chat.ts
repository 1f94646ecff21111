import { complete } from '../../kit/complete-options.js';
import { BanyanError } from '../../kit/errors.js';
import { invalidOption } from '../../kit/option-checks.js';
import { readTable } from '../../kit/option-table.js';
import { type ChatServer, chatServersOf, REMOTE, type RemoteOptions } from '../remote-options.js';
import { ChatBackend } from './chat-backend.js';
import { ChatMember } from './chat-member.js';

/** The backend of RemoteEngine.connect() in chat mode; undefined: no language models are given. Throws INVALID_OPTION, ABORTED. */
export function connectChat(given: RemoteOptions): ChatBackend | undefined {
  const options = readTable('options', given, REMOTE);
  const servers = chatServersOf(options);
  if (!servers) return undefined;
  checkOneModel(servers);
  const { signal } = options;
  if (signal?.aborted) throw new BanyanError('ABORTED', 'Connecting was aborted', { cause: signal.reason });
  const { idleMs, firstTokenMs, restMs } = complete(REMOTE, options);
  return new ChatBackend(membersOf(servers), { idleMs, firstTokenMs, restMs });
}

/** Two models of one provider are two models. Of several providers each may have a name of its own for the same one. */
function checkOneModel(servers: readonly ChatServer[]): void {
  const ids = new Map<string, string>();
  for (const [at, { chat }] of servers.entries()) {
    const { provider, modelId } = chat;
    const first = ids.get(provider) ?? modelId;
    if (modelId !== first) {
      throw invalidOption(`backends[${at}].chat`, `${first}, as before it (other models are tiers)`, modelId);
    }
    ids.set(provider, first);
  }
}

/** Those without a name have that of their model, and a number where there is one of that name. */
function membersOf(servers: readonly ChatServer[]): ChatMember[] {
  const names = new Set<string>();
  return servers.map(({ chat, name: given }, at) => {
    const own = `${chat.provider} ${chat.modelId}`;
    const name = given ?? (names.has(own) ? `${own} ${at + 1}` : own);
    if (names.has(name)) throw invalidOption(`backends[${at}].name`, 'a name that no other one has', name);
    names.add(name);
    return new ChatMember(name, chat);
  });
}
