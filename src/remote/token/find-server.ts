import type { Vocabulary } from '../../backend/vocabulary.js';
import { BanyanError } from '../../kit/errors.js';
import { foreignSocket } from '../../kit/files/socket-place.js';
import { DIALECTS, dialectNamed, dialectOwnedBy } from '../dialects/dialects.js';
import type { RemoteServer } from '../remote-options.js';
import { Member } from './member.js';
import { PROBES } from './probes.js';
import { Transport, WireFailure } from './transport.js';

/** What a server says of itself, and the tokens of all probes, are there by then, in milliseconds. */
const ANSWERS_MS = 60_000;

/** A server that answered, and the tokens that a request may reach there; undefined: it does not say. */
export interface Found {
  member: Member;
  maxContext: number | undefined;
}

/** Asks a server what it is. Throws INVALID_OPTION, REMOTE_FAILED. */
export async function findServer(server: RemoteServer, caller: AbortSignal, answersMs = ANSWERS_MS): Promise<Found> {
  const { url, headers = {}, priorities = false } = server;
  const transport = new Transport(url, { ...headers });
  try {
    await checkSocket(url);
    const listed = await firstModel(transport, AbortSignal.any([caller, AbortSignal.timeout(answersMs)]));
    const dialect = server.dialect ? dialectNamed(server.dialect) : dialectOwnedBy(listed?.owned_by);
    if (!dialect) {
      const known = DIALECTS.map(({ name }) => name).join(', ');
      const message = `${url} does not say what it speaks: pass dialect, one of ${known}`;
      throw new BanyanError('INVALID_OPTION', message, { field: 'dialect' });
    }
    const model = server.servedModel ?? (typeof listed?.id === 'string' ? listed.id : '');
    const member = new Member({ url, dialect, model, headers: { ...headers }, priorities });
    return { member, maxContext: contextOf(listed) };
  } catch (reason) {
    if (!(reason instanceof WireFailure)) throw reason;
    throw new BanyanError('REMOTE_FAILED', `${url} ${reason.message}`, { cause: reason });
  } finally {
    await transport.close();
  }
}

/** Prompts are told to a socket of this user's alone. */
async function checkSocket(url: string): Promise<void> {
  if (!url.startsWith('unix:')) return;
  const why = await foreignSocket(url.slice('unix:'.length));
  if (why !== '') throw new BanyanError('INVALID_OPTION', `${url}: ${why}`, { field: 'url' });
}

/** Throws MODEL_INVALID where the server makes other tokens of the same texts: it runs another model, or another vocabulary of it. */
export async function checkSameTokens(
  vocabulary: Pick<Vocabulary, 'tokenize'>,
  member: Member,
  caller: AbortSignal,
  answersMs = ANSWERS_MS,
): Promise<void> {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(answersMs)]);
  for (const text of PROBES) {
    const [here, there] = [vocabulary.tokenize(text, false), await tokensThere(member, text, signal)];
    if (there === undefined) return; // it cannot be asked
    if (here.length === there.length && here.every((token, at) => token === there[at])) continue;
    const message = `${member.url} makes other tokens than the model file of ${JSON.stringify(text)}: pass the GGUF of its model`;
    throw new BanyanError('MODEL_INVALID', message, { field: 'model' });
  }
}

async function tokensThere(member: Member, text: string, signal: AbortSignal): Promise<readonly number[] | undefined> {
  try {
    return await member.tokenize(text, signal);
  } catch (reason) {
    if (!(reason instanceof WireFailure)) throw reason;
    if (reason.kind === 'refused') return undefined; // switched off there
    throw member.failure(reason, 'REMOTE_FAILED');
  }
}

interface ListedModel {
  id?: unknown;
  owned_by?: unknown;
  max_model_len?: unknown;
  meta?: unknown;
}

async function firstModel(transport: Transport, signal: AbortSignal): Promise<ListedModel | undefined> {
  const { data } = Object(await transport.json('/v1/models', undefined, signal));
  return Array.isArray(data) ? Object(data[0]) : undefined;
}

function contextOf(listed: ListedModel | undefined): number | undefined {
  const { n_ctx: slot } = Object(listed?.meta) as { n_ctx?: unknown };
  const said = [listed?.max_model_len, slot].find((tokens) => Number.isInteger(tokens) && Number(tokens) > 1);
  return said === undefined ? undefined : Number(said);
}
