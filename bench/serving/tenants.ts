import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { median, quantile, spread } from '../../testing/statistics.js';
import { type BenchOptions, type Report, setup } from '../report.js';
import { type Asked, Clients } from './clients.js';
import { FACES } from './faces.js';
import { servedModel } from './served-model.js';

/** Requests of the noisy tenant over all rounds, and how many of them it has under way or waiting at a time. */
const NOISE = 10_000;
const CROWD = 128;
/** Questions of the quiet tenant one after the other: alone as many a round; beside the noise as long as there is some, this many at a time. */
const QUESTIONS = 60;
const BESIDE = 10;
const WORDS = 100;
const TARGET = 1.2;

/** What a tenant that saturates the server costs another one: its first tokens, alone and beside the noise by turns. */
export async function benchTenants({ runs, threads }: BenchOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-tenants-'));
  const keysFile = join(folder, 'keys.json');
  const entry = (name: string) => ({ name, keys: [createHash('sha256').update(name).digest('hex')] });
  writeFileSync(keysFile, JSON.stringify({ tenants: [entry('quiet'), entry('noisy'), entry('other')] }));
  const engine = await Engine.load({ model: servedModel(), threads: threads || 1, kvTokens: 131_072 });
  const server = await serve(engine, { port: 0, keysFile });
  const clients = { quiet: new Clients(), noisy: new Clients() };
  let asked = 0;
  const bodies = (count: number, words: number, tokens: number) =>
    Array.from({ length: count }, () => {
      const content = `${++asked} ${Array.from({ length: words }, (_, at) => (asked * 31 + at * 7) % 1_000).join(' ')}`;
      return JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: tokens, stream: true });
    });
  const questions = (count: number) =>
    clients.quiet.ask(server.url, FACES.chat.path, bodies(count, WORDS, 8), 1, { key: 'quiet' });
  const rounds: { alone: Asked[]; beside: Asked[]; noise: number }[] = [];
  try {
    for (let round = 0; round <= runs; round++) {
      const alone = await questions(QUESTIONS);
      let noise = true;
      const sent = bodies(Math.ceil(NOISE / runs), 20, 24);
      const crowd = clients.noisy.ask(server.url, FACES.chat.path, sent, CROWD, { key: 'noisy' }).finally(() => {
        noise = false;
      });
      while (noise && (await engine.stats()).running < engine.info.maxRunning / 2); // it has most slots at least
      const beside: Asked[] = [];
      while (noise) {
        const asked = await questions(BESIDE);
        if (noise) beside.push(...asked); // else part of them was alone
      }
      const length = (await crowd).filter(({ whole }) => whole).length;
      if (round > 0) rounds.push({ alone, beside, noise: length }); // the first one warms up
      console.error(`round ${round} of ${runs}: ${length} noisy answers`);
    }
  } finally {
    for (const one of Object.values(clients)) one.close();
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  }
  const times = (of: 'alone' | 'beside') => rounds.flatMap((round) => round[of].map(({ firstMs }) => firstMs));
  const at = (of: 'alone' | 'beside', share: number) => quantile(times(of), share);
  const ratio = at('beside', 0.95) / at('alone', 0.95);
  const ratios = rounds.map(({ alone, beside }) => {
    const p95 = (of: Asked[]) =>
      quantile(
        of.map(({ firstMs }) => firstMs),
        0.95,
      );
    return p95(beside) / p95(alone);
  });
  const lost = rounds.flatMap(({ alone, beside }) => [...alone, ...beside]).filter(({ whole }) => !whole).length;
  const noise = rounds.reduce((sum, round) => sum + round.noise, 0);
  return {
    findings: [
      `${ratio <= TARGET ? 'met' : 'MISSED'}: first token p95 of a tenant beside one that saturates the server: ${ratio.toFixed(2)}x of alone (target ${TARGET}x)`,
      `${lost} of its ${times('alone').length + times('beside').length} questions were refused or cut; ${noise} answers of the other one`,
    ],
    tables: [
      {
        title: "the quiet tenant's first tokens",
        columns: ['beside', 'p50 ms', 'p95 ms', 'p99 ms', 'questions'],
        rows: (['alone', 'beside'] as const).map((of) => [
          of === 'alone' ? 'no one' : 'the noisy tenant',
          ...[at(of, 0.5), at(of, 0.95), at(of, 0.99), times(of).length],
        ]),
      },
      {
        title: 'p95 beside the noise over p95 alone, a round each',
        columns: ['median', 'spread %', 'least', 'most'],
        rows: [[median(ratios), spread(ratios), Math.min(...ratios), Math.max(...ratios)]],
      },
    ],
    setup: {
      ...setup('random, 4 layers of 256', threads || 1, runs),
      'requests at once': engine.info.maxRunning,
      'noisy tenant': `${NOISE} requests in all, ${CROWD} at a time, some 60 tokens and 24 of answer`,
      'quiet tenant': `one question after the other, ${WORDS} numbers and 8 tokens of answer, none of them cached`,
      weights: 'equal; no limit in the keys file',
      clients: 'two processes, plain sockets on loopback, a connection a stream',
    },
  };
}
