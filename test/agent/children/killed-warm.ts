/**
 * Runs the agent of warm-agent.ts with a journal (argv[2]) and pages on disk (argv[3]). argv[4] `waits`: in its second call it waits
 * until what was computed is written, says `written` and stands still; else it says `entry` behind each entry of its journal.
 */
import { writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Journal } from '../../../src/agent/journal/journal.js';
import { JournalFile } from '../../../src/agent/journal/journal-file.js';
import { openWarm, warmAgent } from './warm-agent.js';

const [path = '', dir = '', how] = process.argv.slice(2);
const engine = await openWarm(dir);

async function standStill(call: number): Promise<void> {
  if (how !== 'waits' || call < 2) return;
  const pages = Math.floor((run.session.tokens.length - 1) / 32); // what of it was computed, and is whole
  while ((await engine.stats()).pagesDisk < pages) await setTimeout(5);
  writeSync(1, 'written\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // for ever
}

const file = await JournalFile.open(path, true);
const journal: Journal = {
  entries: () => file.entries(),
  append: async (entry) => {
    await file.append(entry);
    if (how !== 'waits') writeSync(1, 'entry\n');
  },
};
const run = warmAgent(engine, standStill).run('What does a ticket to the lighthouse cost?', { journal });
await run;
await engine.close();
