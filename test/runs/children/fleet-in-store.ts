/** Begins or goes on with all runs of a fleet in the store argv[2]; says a line for each entry that is on the disk. */
import { writeSync } from 'node:fs';
import type { Journal } from '../../../src/agent/journal/journal.js';
import { RunStore } from '../../../src/runs/run-store.js';
import { ENDING_MODEL, openEngine } from '../../../testing/engine/random-engine.js';
import { sqlite } from '../../../testing/engine/sqlite.js';
import { agentFor, FLEET, inputOf } from './fleet.js';

const [path = '', effects = ''] = process.argv.slice(2);
const store = await RunStore.open(path, { library: await sqlite() });
const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
const told = (journal: Journal): Journal => ({
  entries: () => journal.entries(),
  append: (entry) => {
    journal.append(entry);
    writeSync(1, 'entry\n');
  },
});
await Promise.all(
  FLEET.map((id) => {
    const agent = agentFor(id, engine, effects);
    const journal = store.run(id);
    return journal.entries().length === 0
      ? agent.run(inputOf(id), { journal: told(journal) })
      : agent.resume(told(journal));
  }),
);
writeSync(1, 'done\n');
process.exit(0);
