/** A worker of the queue on port argv[2], with runs in argv[3]: a line for each entry that is on the disk, and for each job that is done. */
import { writeSync } from 'node:fs';
import { runJob } from '../../../examples/queue/run-job.js';
import type { RunStore as PublicStore } from '../../../src/index.js';
import { RunStore } from '../../../src/runs/run-store.js';
import { bullMq } from '../../../testing/engine/bullmq.js';
import { ENDING_MODEL, openEngine } from '../../../testing/engine/random-engine.js';
import { sqlite } from '../../../testing/engine/sqlite.js';
import { journalledAgent } from '../../agent/children/journalled-agent.js';

const [port = '', path = '', effects = ''] = process.argv.slice(2);
const store: PublicStore = await RunStore.open(path, { library: await sqlite() });
const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
const agent = journalledAgent(engine, effects, () => {
  writeSync(1, 'called\n');
  return 'noted';
});
const queue = await bullMq();
if (!queue) throw new Error('no bullmq');
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
const work = async ({ id, data }: { id: string; data: { input: string } }) =>
  (await runJob(agent, store, { id, input: data.input })).text;
const stalls = { lockDuration: 1_000, stalledInterval: 500, maxStalledCount: 100 };
const worker = new queue.Worker('runs', work, { connection, concurrency: 8, ...stalls });
const all = new queue.Queue('runs', { connection });
worker.on('completed', () => {
  writeSync(1, 'job done\n');
  void tellWhenAllAreDone();
});

async function tellWhenAllAreDone(): Promise<void> {
  const { active = 0, waiting = 0 } = await all.getJobCounts('active', 'waiting');
  if (active + waiting === 0) writeSync(1, 'all done\n');
}
void tellWhenAllAreDone();
worker.on('failed', (_job, reason) => writeSync(2, `failed: ${String(reason)}\n`));
