import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { bullMq, redisServer } from '../../testing/engine/bullmq.js';
import { sqlite } from '../../testing/engine/sqlite.js';
import { killChildAfter } from '../support/kill-child.js';

// Jobs of a BullMQ queue, each an agent run in one store; the worker is killed (kill -9) between a call and its result.

const KILLS = Number(process.env.QUEUE_KILLS ?? 2);
const JOBS = 3;
const folder = mkdtempSync(join(tmpdir(), 'banyan-queue-'));
const [bull, library] = [await bullMq(), await sqlite()];
const redis = bull && library && (await redisServer(await freePort()));
afterAll(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

test.skipIf(!redis)(
  `a worker that is killed ${KILLS} times: every job ends, and no tool gets a call twice`,
  {
    timeout: 120_000 + KILLS * 60_000,
  },
  async () => {
    if (!bull || !redis) throw new Error('skipped');
    const [path, effects] = [join(folder, 'runs.db'), join(folder, 'effects.txt')];
    const connection = { host: '127.0.0.1', port: redis.port };
    const queue = new bull.Queue('runs', { connection });
    try {
      for (let job = 0; job < JOBS; job++) await queue.add('run', { input: `Job ${job}` }, { jobId: `job ${job}` });
      const script = new URL('./children/queue-worker.ts', import.meta.url);
      const args = [`${redis.port}`, path, effects];
      for (let kill = 0; kill < KILLS; kill++) await killChildAfter(script, args, 'called', 1 + kill);
      await killChildAfter(script, args, 'all done', 1); // this one is killed when there is nothing left
      expect(await queue.getJobCounts('completed', 'failed', 'active', 'waiting')).toMatchObject({
        ...{ completed: JOBS, failed: 0, active: 0, waiting: 0 },
      });
    } finally {
      await queue.close();
    }
    const calls = readFileSync(effects, 'utf8').split('\n').filter(Boolean);
    expect(calls.length).toBeGreaterThan(JOBS);
    expect(new Set(calls).size).toBe(calls.length);
    await using store = await RunStore.open(path, { library });
    const runs = store.list();
    expect(runs.map(({ id }) => id).sort()).toEqual(['job 0', 'job 1', 'job 2']);
    for (const { stopReason } of runs) expect(stopReason).toBeDefined();
  },
);
