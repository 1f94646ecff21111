import { addon } from '../backend/addon.js';
import type { Vocabulary } from '../backend/vocabulary.js';
import { toNativeEngineOptions } from '../engine/engine-options.js';
import { complete } from '../kit/complete-options.js';
import { readTable } from '../kit/option-table.js';
import { LoadControl } from '../model/load-control.js';
import { findModelFile } from '../model/model-file.js';
import { Aliases } from './aliases.js';
import { REMOTE, type RemoteOptions, serversOf } from './remote-options.js';
import { Pooled } from './servers/pooled.js';
import type { Servers } from './servers/trip.js';
import { checkSameTokens, type Found, findServer } from './token/find-server.js';
import type { Member } from './token/member.js';
import { TokenBackend } from './token/token-backend.js';

/** What else is known of the servers: what started them knows whether they are well. */
export interface Supervision {
  /** What calls go through. */
  over(servers: Pooled<Member>): Servers<Member>;
}

/** The backend of RemoteEngine.connect(), which says what it rejects with. */
export async function connectBackend(given: RemoteOptions, supervision?: Supervision): Promise<TokenBackend> {
  const options = readTable('options', given, REMOTE);
  const servers = serversOf(options);
  const control = new LoadControl(options.signal, options.onProgress);
  const opened: { close(): Promise<void> }[] = [];
  try {
    control.checkNotAborted();
    const { model, modelsDirectory: directory } = options;
    const modelPath = await findModelFile({ model, directory, onProgress: control.progress, signal: control.signal });
    const found: Found[] = [];
    for (const server of servers) {
      control.checkNotAborted();
      const one = await findServer(server, control.signal);
      opened.push(one.member);
      found.push(one);
    }
    const vocabulary = await loadVocabulary(options, modelPath, found, control);
    opened.push(vocabulary);
    const members = found.map(({ member }) => member);
    for (const member of members) await checkSameTokens(vocabulary, member, control.signal);
    control.checkNotAborted();
    const { idleMs, firstTokenMs, restMs } = complete(REMOTE, options);
    const aliases = new Aliases(options.tenantSecret);
    const pooled = new Pooled(members, supervision ? undefined : restMs);
    const calls = supervision?.over(pooled);
    return new TokenBackend({ vocabulary, members, servers: pooled, calls, aliases, idleMs, firstTokenMs });
  } catch (reason) {
    await Promise.all(opened.map((one) => one.close()));
    throw control.failure(reason);
  } finally {
    control.end();
  }
}

/** A request may reach what the caller says, else what the server with the least does. */
function loadVocabulary(
  options: RemoteOptions,
  modelPath: string,
  found: readonly Found[],
  { abortFlag }: LoadControl,
): Promise<Vocabulary> {
  const { chatTemplate, toolFormat } = options;
  const { maxContext: asked } = complete(REMOTE, options);
  const said = found.flatMap((one) => one.maxContext ?? []);
  const maxContext = asked > 0 || said.length === 0 ? asked : Math.min(...said);
  const setup = toNativeEngineOptions({ model: modelPath, chatTemplate, toolFormat, maxContext });
  return addon().loadVocabulary({ ...setup, modelPath }, { onProgress: () => {}, abortFlag });
}
