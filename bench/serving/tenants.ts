import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { median, quantile, spread, sum } from '../../testing/statistics.js';
import { Draw } from '../../testing/workloads/draw.js';
import { type Report, setup, type Table } from '../report.js';
import { type Asked, Clients } from './clients.js';
import { FACES } from './faces.js';
import { servedModel } from './served-model.js';

/** Requests of the noisy tenant over all rounds, and how many of them it has under way or waiting at a time. */
const NOISE = 10_000;
const CROWD = 128;
/** Tokens of a noisy request in the midst of its answer. */
const NOISY_CONTEXT = 80;
/** Of the round that warms up. */
const WARM_UP = 256;
/** Questions of the quiet tenant: alone as many a round of each pace; beside the noise as long as there is some, this many at a time. */
const QUESTIONS = 60;
const BESIDE = 10;
const WORDS = 100;
const PAUSE_MS = 50;
const TARGET = 1.2;
const TELL_MS = 5_000;

/** How the quiet tenant asks: its next question right behind an answer, as a program, or after a pause of its own, as people. */
const PACES = ['at once', 'after a pause'] as const;
type Pace = (typeof PACES)[number];
const BESIDES = ['alone', 'beside'] as const;
type Beside = (typeof BESIDES)[number];

/** How a question went, as its client saw it and as the engine did: milliseconds. */
interface Question extends Asked {
  /** From the engine's taking it to its first token; of that, until its first step. */
  engineMs: number;
  waitedMs: number;
}

type Round = Record<Beside, Record<Pace, Question[]>> & { noise: number };

export interface TenantsOptions {
  runs: number;
  /** 0: one. */
  threads: number;
  /** Of all rounds: the noise ends then, whatever is left of it. */
  minutes: number;
}

/** What a tenant that saturates the server costs another one: its first tokens, alone and beside the noise by turns. */
export async function benchTenants({ runs, threads, minutes }: TenantsOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-tenants-'));
  const keysFile = join(folder, 'keys.json');
  const entry = (name: string) => ({ name, keys: [createHash('sha256').update(name).digest('hex')] });
  writeFileSync(keysFile, JSON.stringify({ tenants: [entry('quiet'), entry('noisy'), entry('other')] }));
  const engine = await Engine.load({ model: servedModel(), threads: threads || 1, kvTokens: 131_072 });
  const server = await serve(engine, { port: 0, keysFile });
  const clients = { quiet: new Clients(), noisy: new Clients({ elsewhere: true }) };
  const draw = new Draw('tenants');
  let asked = 0;
  const bodies = (count: number, words: number, tokens: number) =>
    Array.from({ length: count }, () => {
      const content = `${++asked} ${Array.from({ length: words }, (_, at) => (asked * 31 + at * 7) % 1_000).join(' ')}`;
      return JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: tokens, stream: true });
    });
  const told: Pick<Question, 'engineMs' | 'waitedMs'>[] = [];
  const unwatch = engine.watchRequests(({ tenant }) => {
    if (!tenant.includes('quiet')) return undefined;
    return (step) => {
      if (step.type !== 'ended') return;
      const { ttftMs: engineMs, queueMs: waitedMs } = step.usage;
      told.push({ engineMs, waitedMs });
    };
  });
  const ask = async (count: number): Promise<Question[]> => {
    told.length = 0;
    const answers = await clients.quiet.ask(server.url, FACES.chat.path, bodies(count, WORDS, 8), 1, { key: 'quiet' });
    return answers.map((answer, i) => ({ ...answer, ...(told[i] ?? { engineMs: Number.NaN, waitedMs: Number.NaN }) }));
  };
  const questions: Record<Pace, (count: number) => Promise<Question[]>> = {
    'at once': ask,
    'after a pause': async (count) => {
      const all: Question[] = [];
      while (all.length < count) {
        await sleep(PAUSE_MS * draw.unit());
        all.push(...(await ask(1)));
      }
      return all;
    },
  };
  const rounds: Round[] = [];
  const steps: number[] = [];
  const began = performance.now();
  try {
    for (let round = 0; round <= runs; round++) {
      const until = began + (minutes * 60_000 * (round + 1)) / (runs + 1);
      const made: Round = {
        alone: { 'at once': await ask(QUESTIONS), 'after a pause': await questions['after a pause'](QUESTIONS) },
        beside: { 'at once': [], 'after a pause': [] },
        noise: 0,
      };
      let noise = true;
      const sent = bodies(round === 0 ? WARM_UP : Math.ceil(NOISE / runs), 20, 24);
      const before = (await engine.stats()).finished;
      const crowd = clients.noisy.ask(server.url, FACES.chat.path, sent, CROWD, { key: 'noisy' }).finally(() => {
        noise = false;
      });
      while (noise && (await engine.stats()).running < engine.info.maxRunning / 2) await sleep(1); // it has most slots at least
      for (let turn = 0, tell = 0; noise; turn++) {
        const pace = PACES[turn % PACES.length] as Pace;
        const asked = await questions[pace](BESIDE);
        if (noise) made.beside[pace].push(...asked); // else part of them was alone
        const { finished, cost } = await engine.stats();
        const { step = 0, decode = 0, context = 0 } = cost;
        steps.push((step + engine.info.maxRunning * (decode + NOISY_CONTEXT * context)) / 1e9);
        if (performance.now() > until) clients.noisy.enough();
        if (performance.now() < tell) continue;
        tell = performance.now() + TELL_MS;
        const seconds = ((performance.now() - began) / 1_000).toFixed(0);
        console.error(
          `round ${round} of ${runs}: about ${finished - before} of ${sent.length} noisy answers, ${seconds} s`,
        );
      }
      made.noise = (await crowd).filter(({ whole }) => whole).length;
      if (round > 0) rounds.push(made); // the first one warms up
      console.error(`round ${round} of ${runs}: ${made.noise} noisy answers`);
    }
  } finally {
    unwatch();
    for (const one of Object.values(clients)) one.close();
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true });
  }
  return report(rounds, median(steps), {
    ...setup('random, 4 layers of 256', threads || 1, runs),
    'requests at once': engine.info.maxRunning,
    'noisy tenant': `${NOISE} requests in all, ${CROWD} at a time, some 60 tokens and 24 of answer; it ends after ${minutes} minutes`,
    'quiet tenant': `one question after the other, ${WORDS} numbers and 8 tokens of answer, none of them cached; at once, or up to ${PAUSE_MS} ms after the answer before`,
    floor: `95% of a step that has a token for each of ${engine.info.maxRunning} answers of the noisy tenant and nothing else, by the cost model, and then the first token as alone`,
    weights: 'equal; no limit in the keys file',
    clients:
      'two processes, plain sockets on loopback, a connection a stream; those of the noisy tenant have the lowest priority, as if they were on another machine',
  });
}

/** stepMs: the shortest step that gives the crowd its tokens. */
function report(rounds: readonly Round[], stepMs: number, facts: Report['setup']): Report {
  const of = (beside: Beside, pace: Pace) => rounds.flatMap((round) => round[beside][pace]);
  const firsts = (questions: readonly Question[]) => questions.map(({ firstMs }) => firstMs);
  const p95 = (questions: readonly Question[]) => quantile(firsts(questions), 0.95);
  const table: Table = {
    title: "the quiet tenant's first tokens",
    columns: [
      'asks',
      'beside',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'engine p95 ms',
      'until its first step p95 ms',
      'questions',
    ],
    rows: [],
  };
  const ratios: Table = {
    title: 'p95 beside the noise over p95 alone, a round each',
    columns: ['asks', 'median', 'spread %', 'least', 'most', 'floor'],
    rows: [],
  };
  const findings: string[] = [];
  for (const pace of PACES) {
    for (const beside of BESIDES) {
      const asked = of(beside, pace);
      table.rows.push([
        ...[pace, beside === 'alone' ? 'no one' : 'the noisy tenant'],
        ...[0.5, 0.95, 0.99].map((share) => quantile(firsts(asked), share)),
        ...[asked.map(({ engineMs }) => engineMs), asked.map(({ waitedMs }) => waitedMs)].map((ms) =>
          quantile(ms, 0.95),
        ),
        asked.length,
      ]);
    }
    const [alone, ratio] = [p95(of('alone', pace)), p95(of('beside', pace)) / p95(of('alone', pace))];
    const floor = (alone + 0.95 * stepMs) / alone;
    const each = rounds.map((round) => p95(round.beside[pace]) / p95(round.alone[pace]));
    ratios.rows.push([pace, median(each), spread(each), Math.min(...each), Math.max(...each), floor]);
    findings.push(
      `${ratio <= TARGET ? 'met' : 'MISSED'}: first token p95 of a tenant beside one that saturates the server, which asks ${pace}: ` +
        `${ratio.toFixed(2)}x of alone (target ${TARGET}x; the step of ${stepMs.toFixed(1)} ms that may be under way makes it ${floor.toFixed(2)}x)`,
    );
  }
  const all = rounds.flatMap(({ alone, beside }) => [alone, beside]).flatMap((paces) => Object.values(paces).flat());
  const noise = sum(rounds.map((round) => round.noise));
  findings.push(
    `${all.filter(({ whole }) => !whole).length} of its ${all.length} questions were refused or cut; ` +
      `${noise} answers of the other one${noise < NOISE ? `, not ${NOISE}: its time was up` : ''}`,
  );
  return { findings, tables: [table, ratios], setup: facts };
}
