import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { sqlite } from '../../testing/engine/sqlite.js';
import { Draw } from '../../testing/workloads/draw.js';
import { killChildAfter } from '../support/kill-child.js';
import { agentFor, FLEET, inputOf, isSure } from './children/fleet.js';

// A fleet of agents in one store, half of them with a tool that may be called again, killed (kill -9) after a random number of entries, again and again, until all have ended.

const KILLS = Number(process.env.STORE_KILLS ?? 3);
const library = await sqlite();
const folder = mkdtempSync(join(tmpdir(), 'banyan-store-kill-'));
const attention = process.env.BANYAN_ATTENTION;
/** What each run comes to when it is left alone. */
const whole = new Map<string, Int32Array>();
/** Runs that were compared token for token, and those with a call that may have had its effect when its process was killed. */
const seen = { compared: 0, unknown: 0 };

beforeAll(async () => {
  writeFileSync(join(folder, 'whole.txt'), '');
  process.env.BANYAN_ATTENTION = 'portable'; // with F32 pages: the same tokens to the last one; children inherit it
  const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
  for (const id of FLEET) {
    const run = agentFor(id, engine, join(folder, 'whole.txt')).run(inputOf(id));
    await run;
    whole.set(id, Int32Array.from(tokensOf(run)));
  }
  await engine.close();
}, 120_000);
afterAll(() => {
  if (attention === undefined) delete process.env.BANYAN_ATTENTION;
  else process.env.BANYAN_ATTENTION = attention;
  rmSync(folder, { recursive: true });
});

const tokensOf = (run: { session: { lastTurn?: unknown; tokens: unknown } }) => run.session.tokens as Int32Array;

describe.skipIf(!library)('a fleet that is killed', () => {
  test(`${KILLS} times: every run ends as if nothing had been, and no call is made twice`, {
    timeout: 60_000 + KILLS * 30_000,
  }, async () => {
    const random = new Draw('kills');
    let [path, effects] = ['', ''];
    const fresh = (kill: number) => {
      path = join(folder, `${kill}.db`);
      effects = join(folder, `${kill}.txt`);
      writeFileSync(effects, '');
    };
    fresh(0);
    for (let kill = 0; kill < KILLS; kill++) {
      const script = new URL('./children/fleet-in-store.ts', import.meta.url);
      const ended = await killChildAfter(script, [path, effects], 'entry', 1 + random.below(20));
      if (!ended) continue;
      await expectWhole(path, effects);
      fresh(kill + 1);
    }
    const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
    await using store = await RunStore.open(path, { library });
    for (const id of FLEET) {
      const journal = store.run(id);
      const agent = agentFor(id, engine, effects);
      await (journal.entries().length === 0 ? agent.run(inputOf(id), { journal }) : agent.resume(journal));
    }
    await engine.close();
    await expectWhole(path, effects);
    if (process.env.STORE_KILLS) console.log(JSON.stringify(seen));
  });
});

/** Token for token what the runs come to when they are left alone, but for those that do not know what became of a call. */
async function expectWhole(path: string, effects: string): Promise<void> {
  const calls = readFileSync(effects, 'utf8').split('\n').filter(Boolean);
  expect(new Set(calls).size).toBe(calls.length);
  const engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
  await using store = await RunStore.open(path, { library });
  for (const id of FLEET) {
    const run = agentFor(id, engine, effects).resume(store.run(id));
    const { stopReason, steps } = await run;
    expect([id, stopReason]).toEqual([id, 'answer']);
    const unknown = steps.some(({ tools }) => tools.some(({ ok }) => !ok));
    if (isSure(id)) expect([id, unknown]).toEqual([id, false]);
    seen[unknown ? 'unknown' : 'compared']++;
    if (!unknown) expect(tokensOf(run)).toEqual(whole.get(id));
  }
  await engine.close();
}
