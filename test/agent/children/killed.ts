/** Runs a journalled agent and stands still at the phase argv[2] of its second step, after saying so. */
import { writeSync } from 'node:fs';
import type { Journal } from '../../../src/agent/journal/journal.js';
import { JournalFile } from '../../../src/agent/journal/journal-file.js';
import { ENDING_MODEL, openEngine } from '../../../testing/engine/random-engine.js';
import { journalledAgent } from './journalled-agent.js';

const [phase, path = '', effects = ''] = process.argv.slice(2);
const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });

function standStill(): void {
  writeSync(1, `${phase}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // for ever
}

const file = await JournalFile.open(path, true);
const journal: Journal = {
  entries: () => file.entries(),
  append: (entry) => {
    if (phase === 'after a turn' && entry.type === 'turn' && entry.step === 1) standStill();
    return file.append(entry);
  },
};
let calls = 0;
const agent = journalledAgent(engine, effects, () => {
  calls++;
  if (phase === 'in a tool' && calls === 2) standStill();
  return 'noted';
});
await agent.run('Go', { journal });
