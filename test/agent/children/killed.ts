/** Runs a journalled agent and stands still at the phase argv[2] of its second step, after saying so. */
import { writeSync } from 'node:fs';
import { ENDING_MODEL, openEngine } from '../../support/random-engine.js';
import { journalledAgent } from './journalled-agent.js';

const [phase, journal = '', effects = ''] = process.argv.slice(2);
const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });

function standStill(): void {
  writeSync(1, `${phase}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // the engine's thread goes on, nobody hears of it
}

let calls = 0;
const agent = journalledAgent(engine, effects, () => {
  calls++;
  if (phase === 'in a tool' && calls === 2) standStill();
  return 'noted';
});
for await (const event of agent.run('Go', { journal })) {
  if (event.type !== 'step' || event.step.index !== 0 || phase !== 'in a turn') continue;
  const { decodeTokens } = await engine.stats();
  while ((await engine.stats()).decodeTokens < decodeTokens + 5);
  standStill();
}
