/** Starts two workers, prints their processes and the folder of their sockets, and does what argv[2] says. */
import { Workers } from '../../../src/workers/workers.js';

const workers = await Workers.start({ count: 2, threads: 1 });
const [first] = workers.report();
const pids = workers.report().map(({ pid }) => pid);
process.stdout.write(`${JSON.stringify({ pids, url: first?.url })}\n`);
if (process.argv[2] === 'exits') process.exit(0);
if (process.argv[2] === 'waits') setInterval(() => {}, 1_000);
// else nothing holds the process
