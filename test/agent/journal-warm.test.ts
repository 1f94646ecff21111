import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killChild, killChildAfter } from '../support/kill-child.js';
import { openWarm, warmAgent } from './children/warm-agent.js';

/*
 * A run with a journal and a disk cache whose process is killed: the next process reads what was computed, and goes on token for
 * token. BANYAN_KILL_ROUNDS: how often it is killed at any entry of its journal (default 3); the directory is the same for all.
 */

const PAGE = 32;
const folder = mkdtempSync(join(tmpdir(), 'banyan-warm-'));
const dir = join(folder, 'kv');
const child = new URL('./children/killed-warm.ts', import.meta.url);
let whole: number[];

beforeAll(async () => {
  const engine = await openWarm(join(folder, 'other'));
  const run = warmAgent(engine).run('What does a ticket to the lighthouse cost?');
  await run;
  whole = [...run.session.tokens];
  await engine.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Goes on with it, in this process. */
async function resumed(journal: string) {
  const engine = await openWarm(dir);
  try {
    const run = warmAgent(engine).resume(journal);
    const { steps } = await run;
    return { steps, tokens: [...run.session.tokens] };
  } finally {
    await engine.close();
  }
}

test('killed when its pages were written: the next life computes a page at most beyond what is new, and says the same', async () => {
  const journal = join(folder, 'killed.jsonl');
  await killChild(child, [journal, dir, 'waits'], 'written');
  // On a busy machine a read may come too late, and its page is computed: asked again, thrice at most.
  for (let tries = 1; ; tries++) {
    const copy = join(folder, `copy-${tries}.jsonl`);
    copyFileSync(journal, copy);
    const { steps, tokens } = await resumed(copy);
    expect(tokens).toEqual(whole);
    const [before, first] = [steps[1], steps[2]];
    if (!before || !first) throw new Error('three steps were expected');
    const past = before.usage.promptTokens + before.usage.outputTokens;
    const { promptTokens, cachedTokens } = first.usage;
    if (promptTokens - (cachedTokens ?? 0) > PAGE + promptTokens - past && tries < 3) continue;
    expect(past).toBeGreaterThan(8 * PAGE);
    expect(promptTokens - (cachedTokens ?? 0)).toBeLessThanOrEqual(PAGE + promptTokens - past);
    return;
  }
});

test('killed at any entry of its journal, again and again: it goes on token for token', async () => {
  const rounds = Number(process.env.BANYAN_KILL_ROUNDS ?? 3);
  for (let round = 0; round < rounds; round++) {
    const journal = join(folder, `round-${round}.jsonl`);
    const entries = 1 + ((round * 5 + 2) % 8);
    const ended = await killChildAfter(child, [journal, dir, 'goes on'], 'entry', entries);
    const { tokens } = await resumed(journal);
    expect(tokens, `round ${round}, killed at entry ${entries}, ended before: ${ended}`).toEqual(whole);
  }
}, 600_000);
