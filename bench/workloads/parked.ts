import { Engine, type Session } from '../../src/index.js';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { tokens } from '../../testing/drive/contents.js';
import { randomModel } from '../../testing/models/random-model.js';
import { describe, modelPath } from '../models.js';
import type { BenchOptions, Report } from '../report.js';

const SESSIONS = 10_000;
const AT_ONCE = 64;
const LOADS = [0, 1_000, 5_000, 10_000];
const SMALL = { layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 };

interface Parking {
  overcommit: number;
  kvTokens: number;
  /** Bytes a parked session, KV pages apart: what JavaScript holds, and the whole process. */
  heapBytes: number;
  residentBytes: number;
  parkedPages: number;
  wrong: number;
  recomputed: number;
}

/** Of a hybrid: a state for each. */
const STATE_BYTES = 2 ** 30;

/** Parks 10,000 conversations after a turn each, comes back to all of them, and compares with an engine without a cache. */
async function park(overcommit: number, hybrid: boolean): Promise<Parking> {
  const model = randomModel({ ...SMALL, ...(hybrid && { architecture: 'granitehybrid', layers: 2 }) });
  const kvTokens = Math.round((SESSIONS * 64) / overcommit);
  const engine = await Engine.load({
    model,
    threads: 1,
    kvTokens,
    pageTokens: 16,
    maxRunning: 32,
    ...(hybrid && { stateBytes: STATE_BYTES }),
  });
  const setup = { system: 'You are one of ten thousand.', temperature: 0, maxTokens: 8, class: 'workflow' as const };
  globalThis.gc?.();
  const before = process.memoryUsage();
  const sessions: Session[] = [];
  await atOnce(SESSIONS, async (index) => {
    const session = engine.session(setup);
    sessions[index] = session;
    await session.generate(`This is session ${index}.`);
  });
  globalThis.gc?.();
  const parked = process.memoryUsage();
  const { pagesCached } = await engine.stats();
  let recomputed = 0;
  const answers: number[][] = [];
  await atOnce(SESSIONS, async (index) => {
    const session = sessions[index] as Session;
    const past = session.tokens.length;
    const { tokens: answer, usage } = await session.generate('Go on.');
    recomputed += Math.max(0, past - 1 - (usage.cachedTokens ?? 0));
    answers[index] = answer;
  });
  // The truth: the same conversations on an engine that keeps nothing.
  const plain = await Engine.load({ model, threads: 1, kvTokens: 8192, prefixCache: false });
  let wrong = 0;
  for (let index = 0; index < SESSIONS; index += 50) {
    const all = (sessions[index] as Session).tokens;
    const answer = answers[index] as number[];
    const prompt = all.slice(0, all.length - answer.length);
    const { tokens: expected } = await plain.generate(prompt, { temperature: 0, maxTokens: 8 });
    if (expected.join() !== answer.join()) wrong++;
  }
  await plain.close();
  await engine.close();
  return {
    overcommit,
    kvTokens,
    heapBytes: (parked.heapUsed + parked.arrayBuffers - before.heapUsed - before.arrayBuffers) / SESSIONS,
    residentBytes: (parked.rss - before.rss) / SESSIONS,
    parkedPages: pagesCached,
    wrong,
    recomputed,
  };
}

async function atOnce(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

/** Decode steps of a small model while so many programs are parked: p50 and p95 of a step, and of the gaps seen. */
async function stepsAgainstLoad(threads: number, hybrid: boolean): Promise<(string | number)[][]> {
  const rows: (string | number)[][] = [];
  const system = await BanyanSystem.open('banyan', modelPath(hybrid ? 'small-hybrid' : 'small'), {
    threads,
    kvTokens: 32 * (10_000 + 4_096),
  });
  let parked = 0;
  for (const load of LOADS) {
    while (parked < load) {
      const batch = Array.from({ length: Math.min(32, load - parked) }, () => {
        parked++;
        const program = 1_000 + parked;
        return system
          .start(tokens(`parked ${parked}`, 24), 2, program)
          .done.then(() => system.tell(program, 'tool-started', 'wait'));
      });
      await Promise.all(batch);
    }
    for (const running of [8, 32]) {
      await Promise.all(
        Array.from(
          { length: running },
          (_, i) => system.start(tokens(`load ${load}/${running}/${i}`, 32), 1_100, 0).done,
        ),
      );
      const { stepP50Ms, stepP95Ms, decidingP95Us } = await system.native.stats();
      rows.push([load, running, stepP50Ms, stepP95Ms, decidingP95Us]);
    }
  }
  await system.close();
  return rows;
}

export async function benchParked({ threads, hybrid }: BenchOptions): Promise<Report> {
  const parkings = [await park(0.8, hybrid), await park(4, hybrid)];
  const steps = await stepsAgainstLoad(threads, hybrid);
  const mib = (bytes: number) => bytes / 1024;
  return {
    findings: parkings.map(
      ({ overcommit, wrong, recomputed, heapBytes, residentBytes }) =>
        `${SESSIONS} parked sessions, memory ${overcommit}x: ${wrong} answers differ, ${recomputed} tokens computed again, ` +
        `${mib(heapBytes).toFixed(1)} KiB of JavaScript and ${mib(residentBytes).toFixed(1)} KiB in all a session beside its pages`,
    ),
    tables: [
      {
        title: `${SESSIONS} conversations of a turn, parked, then all of them gone on with`,
        columns: [
          'overcommit',
          'KV tokens',
          'pages cached',
          'JS bytes',
          'resident bytes',
          'computed again',
          'wrong of 200',
        ],
        rows: parkings.map((each) => [
          ...[`${each.overcommit}x`, each.kvTokens, each.parkedPages, each.heapBytes, each.residentBytes],
          ...[each.recomputed, each.wrong],
        ]),
      },
      {
        title: 'a decode step while programs are parked',
        columns: ['parked', 'running', 'step p50 ms', 'step p95 ms', 'scheduling p95 us'],
        rows: steps,
      },
    ],
    setup: {
      model: `parked: random ${hybrid ? 'granitehybrid of 2 layers' : 'qwen3 of 1 layer'}; steps: ${describe(hybrid ? 'small-hybrid' : 'small')}`,
      threads: threads || 'all physical cores',
    },
  };
}
