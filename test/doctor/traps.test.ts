import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { Doctor, type Finding } from '../../src/doctor/doctor.js';
import { LINTS } from '../../src/doctor/lints.js';
import { type ChatMessage, Engine } from '../../src/index.js';
import { type Client, type Sent, TRAPS, trapQuestion } from '../../testing/workloads/prompt-traps.js';

// Each trap: the doctor finds it by name, at its field, and the tokens that it says are lost are those that are not computed any
// more when its advice is followed. On the real engine, whose own counts are the truth; to within a page.

const PAGE = 32;
const TURNS = 3;

interface Counted {
  computed: number;
  findings: Finding[];
  sent: Sent;
}

/** A conversation from a cold cache. */
async function converse(engine: Engine, client: Client): Promise<Counted[]> {
  await engine.clearCache();
  const found: Finding[] = [];
  await using doctor = new Doctor(engine, { onFinding: (finding) => found.push(finding) });
  const said: ChatMessage[] = [];
  const turns: Counted[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    said.push(trapQuestion(turn));
    const sent = client(turn, said);
    const { text, usage } = await engine.generate(sent.messages, { ...sent.options, maxTokens: 12, temperature: 0 });
    said.push({ role: 'assistant', content: text });
    turns.push({ computed: usage.promptTokens - (usage.cachedTokens ?? 0), findings: [], sent });
  }
  const { findings } = await doctor.report();
  expect(found).toEqual(findings.map((finding) => ({ ...finding, msLost: expect.any(Number) as unknown })));
  for (const finding of findings) turns[finding.call - 1]?.findings.push(finding);
  return turns;
}

/** The calls as OpenAI's clients log them. */
async function logged(engine: Engine, turns: readonly Counted[]): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log.jsonl');
  const lines = turns.map(({ sent: { messages, options = {} } }) => {
    const tools = options.tools?.map((one) => ({ type: 'function', function: one }));
    return JSON.stringify({ tenant: options.tenant, body: { model: 'any', messages, tools } });
  });
  writeFileSync(path, lines.join('\n'));
  return [...(await diagnose(path, { engine })).findings];
}

const lost = (findings: readonly Finding[]) => findings.reduce((sum, { tokensLost }) => sum + tokensLost, 0);

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load({ threads: 1 });
});
afterAll(() => engine.close());

test('the doctor knows no trap that is not set: here, or beside this file where it lies in an engine or a log', () => {
  const here = new Set<string>(Object.values(TRAPS).map(({ lint }) => lint));
  const beside = ['engines.test.ts', 'logs.test.ts'].map((name) =>
    readFileSync(join(import.meta.dirname, name), 'utf8'),
  );
  const missing = Object.keys(LINTS).filter(
    (name) => !here.has(name) && !beside.some((text) => text.includes(`'${name}'`)),
  );
  expect(missing).toEqual([]);
});

describe.each(Object.entries(TRAPS))('%s', (_name, { lint, field, trap, mended, liveOnly = false }) => {
  test('is found by name, and costs what following the advice saves', async () => {
    const trapped = await converse(engine, trap);
    const found = trapped.flatMap(({ findings }) => findings);
    expect(found.map((finding) => finding.lint)).toContain(lint);
    for (const finding of found) expect([finding.lint, finding.field]).toEqual([lint, expect.stringMatching(field)]);
    expect(lost(found)).toBeGreaterThan(PAGE);
    const after = await converse(engine, mended);
    expect(after.flatMap(({ findings }) => findings)).toEqual([]);
    const saved = trapped.map(({ computed }, turn) => computed - (after[turn]?.computed ?? 0));
    const told = trapped.map(({ findings }) => lost(findings));
    for (let turn = 1; turn < TURNS; turn++)
      expect(Math.abs((saved[turn] ?? 0) - (told[turn] ?? 0)), `${saved} saved, ${told} told`).toBeLessThanOrEqual(
        PAGE,
      );
    if (liveOnly) return;
    const inLog = await logged(engine, trapped);
    expect(inLog.map((finding) => [finding.call, finding.lint])).toEqual(
      found.map((finding) => [finding.call, finding.lint]),
    );
    for (const [index, finding] of inLog.entries())
      expect(Math.abs(finding.tokensLost - (found[index]?.tokensLost ?? 0))).toBeLessThanOrEqual(PAGE);
  });
});
