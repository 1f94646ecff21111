import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/agent/journal/journal.js';
import type { Engine } from '../../src/engine/engine.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { killChild } from '../support/kill-child.js';
import { journalledAgent } from './children/journalled-agent.js';

// Invariant 23 with a real crash: kill -9, then another process goes on.

const folder = mkdtempSync(join(tmpdir(), 'banyan-kill-'));
const attention = process.env.BANYAN_ATTENTION;
let engine: Engine;
let whole: { tokens: Int32Array; text: string; contents: string[] };

beforeAll(async () => {
  process.env.BANYAN_ATTENTION = 'portable'; // with F32 pages: the same tokens to the last one; children inherit it
  engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
  const run = journalledAgent(engine, join(folder, 'whole.txt')).run('Go');
  const { text, steps } = await run;
  const contents = steps.flatMap(({ tools }) => tools.map(({ content }) => content));
  whole = { tokens: run.session.tokens, text, contents };
});
afterAll(async () => {
  if (attention === undefined) delete process.env.BANYAN_ATTENTION;
  else process.env.BANYAN_ATTENTION = attention;
  await engine.close();
  rmSync(folder, { recursive: true });
});

async function killedThenResumed(phase: string) {
  const [journal, effects] = [join(folder, `${phase}.jsonl`), join(folder, `${phase}.txt`)];
  await killChild(new URL('./children/killed.ts', import.meta.url), [phase, journal, effects], phase);
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  const left = lines.map((line): JournalEntry => JSON.parse(line));
  expect(existsSync(`${journal}.lock`)).toBe(true); // the process was gone before it could give it back
  const run = journalledAgent(engine, effects).resume(journal);
  const result = await run;
  const called = readFileSync(effects, 'utf8').trimEnd().split('\n');
  return { left: left.map(({ type }) => type), run, result, called };
}

test('killed before a turn is on record: the model writes it again, token for token', async () => {
  const { left, run, result, called } = await killedThenResumed('after a turn');
  expect(left).toEqual(['run', 'turn', 'call', 'result']);
  expect(run.session.tokens).toEqual(whole.tokens);
  expect(result.text).toBe(whole.text);
  expect(called).toHaveLength(whole.contents.length);
  expect(new Set(called).size).toBe(called.length);
});

test('killed in a tool: it is not called again, and the model is told', async () => {
  const { left, run, result, called } = await killedThenResumed('in a tool');
  expect(left).toEqual(['run', 'turn', 'call', 'result', 'turn', 'call']);
  expect(result.steps[0]?.tools.map(({ content }) => content)).toEqual(['noted']);
  expect(result.steps[1]?.tools.map(({ ok, content }) => [ok, /unknown/.test(content)])).toEqual([[false, true]]);
  const { tokens } = run.session;
  const common = tokens.findIndex((token, index) => token !== whole.tokens[index]);
  const lastPrompt = run.session.lastTurn?.prompt.length ?? 0;
  expect(common).toBeGreaterThan(tokens.length - lastPrompt - (run.session.lastTurn?.tokens.length ?? 0));
  expect(called).toHaveLength(2);
  expect(new Set(called).size).toBe(2);
});
