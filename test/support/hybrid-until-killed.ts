import { setTimeout } from 'node:timers/promises';
import { openEngine } from '../../testing/engine/random-engine.js';
import type { RandomModelOptions } from '../../testing/models/random-model.js';

// Turns of a session on a model with recurrent layers, with a disk cache, until the process is killed:
// node --import tsx hybrid-until-killed.ts <architecture> <directory> <system prompt>
// A line of JSON a turn, as soon as its state is on disk: what the session is restored from.
const [architecture = '', dir = '', system = ''] = process.argv.slice(2);
const policy = { cost: { step: 1e9, prefill: 1e10 } };
const engine = await openEngine({ architecture } as RandomModelOptions, { kvTokens: 4096, policy, cache: { dir } });
const session = engine.session({ system, temperature: 0, maxTokens: 8, durable: true });
for (let n = 0; ; n++) {
  const { statesStored } = await engine.stats();
  await session.generate(`Question ${n}?`);
  while ((await engine.stats()).statesStored === statesStored) await setTimeout(2);
  process.stdout.write(`${JSON.stringify(session.lastTurn)}\n`);
}
