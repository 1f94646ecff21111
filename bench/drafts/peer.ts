import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { post, startLlamaServer } from '../../testing/remote/llama-server.js';
import { sum } from '../../testing/statistics.js';
import { type Ask, inTurns, type PeerAnswer, type Work } from './work.js';

/** llama-server's kinds that need no draft model: none, as it sets them, and for matches and drafts as short as agents' are. */
export const PEER_SETTINGS: Record<string, readonly string[]> = {
  none: [],
  'ngram-mod': ['--spec-type', 'ngram-mod'],
  'ngram-mod 16/1/16': [
    ...['--spec-type', 'ngram-mod', '--spec-ngram-mod-n-match', '16'],
    ...['--spec-ngram-mod-n-min', '1', '--spec-ngram-mod-n-max', '16'],
  ],
  'ngram-simple 3/8': [
    ...['--spec-type', 'ngram-simple', '--spec-ngram-simple-size-n', '3', '--spec-ngram-simple-size-m', '8'],
  ],
  'ngram-map-k 8/8': [
    ...['--spec-type', 'ngram-map-k', '--spec-ngram-map-k-size-n', '8', '--spec-ngram-map-k-size-m', '8'],
  ],
};

/** What all answers may take together; a server that takes longer has failed. */
const LIMIT_MS = 240_000;

/** Tokens a second of a setting, on a server of its own. */
export async function peerRate(binary: string, work: Work, batch: number, threads: number, setting: string) {
  const { model = '', chatTemplate } = work.model;
  const folder = await mkdtemp(join(tmpdir(), 'banyan-peer-'));
  try {
    const template = join(folder, 'template.jinja');
    if (chatTemplate !== undefined) await writeFile(template, chatTemplate);
    const common = ['-m', model, '-c', `${2048 * batch}`, '-np', `${batch}`, '-fa', 'off', '--no-webui', '--jinja'];
    const chat = chatTemplate === undefined ? [] : ['--chat-template-file', template];
    const flags = PEER_SETTINGS[setting] ?? [];
    const cores = threads > 0 ? ['-t', `${threads}`] : []; // by itself: one a physical core, as ours
    const { child, url } = await startLlamaServer(binary, [...common, ...chat, ...cores, ...flags]);
    try {
      const signal = AbortSignal.timeout(LIMIT_MS);
      const began = performance.now();
      const ask: Ask = async (body) => (await post(`${url}/v1/chat/completions`, body, signal)) as PeerAnswer;
      const tokens = await inTurns(batch, async (index) => (await work.peer?.(ask, index)) ?? 0, work.times);
      return (1000 * sum(tokens)) / (performance.now() - began);
    } finally {
      const ended = child.exitCode !== null || child.signalCode !== null || once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
