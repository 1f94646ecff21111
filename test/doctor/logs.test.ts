import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import type { Finding, LintName } from '../../src/doctor/doctor.js';
import { Engine } from '../../src/index.js';
import { errorOf } from '../support/expect-code.js';
import { runScript } from '../support/run-script.js';

// Files that the doctor reads: logs of bodies as clients write them, recordings, and what is neither.

const folder = mkdtempSync(join(tmpdir(), 'banyan-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** A file of these lines. */
function log(lines: readonly unknown[]): string {
  const path = join(folder, `${++files}.jsonl`);
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(path, `${text.join('\n')}\n`);
  return path;
}

const LONG = 'You answer guests of a ferry line, briefly and politely, and name the pier. '.repeat(10);
const user = (content: unknown) => ({ role: 'user', content });
const found = ({ lint, field, call }: Finding) => [call, lint, field];

describe('bodies', () => {
  const system = (text: string) => [{ type: 'text', text }];
  const tool = (description: string) => ({ name: 'ferries', description, input_schema: { type: 'object' } });
  const asked = (text: string, about = 'All ferries.') => ({
    ...{ model: 'claude', max_tokens: 9, system: system(text), tools: [tool(about)] },
    messages: [user('When does it leave?')],
  });

  test.each<[string, object, object, LintName, string]>([
    ['system', asked(`At 10:04:01. ${LONG}`), asked(`At 10:04:31. ${LONG}`), 'clock', 'system'],
    ['a tool', asked(LONG, 'Build 41 of it.'), asked(LONG, 'Build 42 of it.'), 'counter', 'tools[0].description'],
    ['another model', asked(LONG), { ...asked(LONG), model: 'gpt' }, 'other-model', 'model'],
  ])("of Anthropic's shape, alone or in an envelope: %s", async (_name, first, second, lint, field) => {
    for (const wrap of [(body: object) => body, (params: object) => ({ custom_id: 'a', params })]) {
      const { findings } = await diagnose(log([first, second].map(wrap)));
      expect(findings.map(found)).toEqual([[2, lint, field]]);
    }
  });

  test('a cache mark that moves, null for nothing, a text as a list: nothing has changed', async () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    const question = (more: object) => user([{ type: 'text', text: 'When does it leave?', ...more }]);
    const answer = { role: 'assistant', content: 'At nine.' };
    const path = log([
      { model: 'm', system: LONG, messages: [question(mark)] },
      {
        model: 'm',
        system: [{ type: 'text', text: LONG, ...mark }],
        messages: [user('When does it leave?'), answer, question(mark)],
      },
    ]);
    const report = await diagnose(path);
    expect([report.findings, report.reusedPercent]).toEqual([[], 100]);
  });

  test('a mark behind what changes is named: it keeps nothing that is found again', async () => {
    const body = (now: string) => ({
      ...{ model: 'm', system: `${now}\n${LONG}` },
      messages: [user([{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }])],
    });
    const { findings } = await diagnose(log([body('2026-11-25'), body('2026-11-26')]));
    expect(findings).toMatchObject([{ lint: 'clock', markBehind: 'messages[0]' }]);
  });

  test('conversations that take turns are told apart, and of a new one its agent is the measure', async () => {
    const body = (agent: string, day: number, said: unknown[]) => ({
      model: 'm',
      system: `${agent} on 2026-11-0${day}. ${LONG}`,
      messages: said,
    });
    const said = (who: string, turn: number) =>
      Array.from({ length: 2 * turn + 1 }, (_, at) => ({
        role: at % 2 ? 'assistant' : 'user',
        content: `${who} says for the ${at}th time that it rains.`,
      }));
    const { conversations, findings } = await diagnose(
      log([
        ...[0, 1, 2].flatMap((turn) => ['Ada', 'Bob'].map((who) => body('Pilot', 1, said(who, turn)))),
        body('Pilot', 2, said('Cleo', 0)),
      ]),
    );
    expect(conversations.map(({ agent, calls }) => [agent, calls])).toEqual([
      ['1', 3],
      ['1', 3],
      ['1', 1],
    ]);
    expect(findings.map(found)).toEqual([[7, 'clock', 'system']]);
  });

  test('texts are shown on request only', async () => {
    const path = log([asked(`At 10:04:01. ${LONG}`), asked(`At 10:04:31. ${LONG}`)]);
    expect(JSON.stringify(await diagnose(path))).not.toContain('10:04');
    const [finding] = (await diagnose(path, { texts: true })).findings;
    expect(finding?.excerpt).toEqual({
      before: expect.stringMatching(/^At 10:04:01\. You answer.*…$/),
      after: expect.stringMatching(/^At 10:04:31\. You answer.*…$/),
    });
  });

  test('milliseconds at a given rate; what costs little is left out', async () => {
    const path = log([asked(`At 10:04:01. ${LONG}`), asked(`At 10:04:31. ${LONG}`)]);
    const { lostTokens, lostMs, rate } = await diagnose(path, { prefillRate: 1000 });
    expect([lostMs, rate]).toEqual([lostTokens, { tokensPerSecond: 1000, how: 'as given' }]);
    expect((await diagnose(path, { leastTokens: 1000 })).findings).toEqual([]);
  });
});

test('by their looks: what changes is named', async () => {
  const kinds: [LintName, string, string][] = [
    ['clock', 'Thursday, 26 November 2026', 'Friday, 27 November 2026'],
    ['clock', 'now=1795687440', 'now=1795687512'],
    ['random-id', 'id 3f2b9c1a-0d4e-4f5a-8b6c-7d8e9f0a1b2c', 'id a81bc81b-dead-4e5d-abff-90865d1e13b1'],
    ['random-id', 'trace 9f86d081884c7d65', 'trace 60303ae22b998861'],
    ['random-id', 'thread V1StGXR8_Z5jdHi6B', 'thread kT9pQ2mX-7bLw0RzY'],
    ['random-id', 'req_8fK2nQ4xLm', 'req_Zt71bVc9Re'],
    ['counter', 'turn 9 of 10', 'turn 10 of 10'],
    ['changing-header', 'x-anthropic-billing-header: cch=9f3a1;', 'x-anthropic-billing-header: cch=11c0d;'],
    ['changing-header', 'Git branch: main', 'Git branch: roots'],
    ['unstable-json', '{"a": 1, "b": [2]}', '{"b":[2],"a":1}'],
    ['unstable-order', 'ferries\npiers\ntides', 'tides\nferries\npiers'],
    ['volatile-first', 'Storms are expected in the north', 'There is a market at the harbour'],
  ];
  const told: unknown[] = [];
  for (const [, before, after] of kinds) {
    const body = (text: string) => ({
      model: 'm',
      system: `${text}\n${LONG}`,
      messages: [user('When does it leave?')],
    });
    told.push((await diagnose(log([body(before), body(after)]))).findings.map(({ lint }) => lint));
  }
  expect(told).toEqual(kinds.map(([lint]) => [lint]));
});

test('tools in another order: named, though Banyan sorts them', async () => {
  const tools = ['a', 'b'].map((name) => ({ type: 'function', function: { name, description: LONG, parameters: {} } }));
  const body = (list: unknown[]) => ({ model: 'm', tools: list, messages: [user('When does it leave?')] });
  const path = log([body(tools), body(tools.toReversed())]);
  const [guessed] = (await diagnose(path)).findings;
  expect(guessed).toMatchObject({ lint: 'reordered-tools', field: 'tools[1]' });
  expect(guessed?.tokensLost).toBeGreaterThan(100);
  await using engine = await Engine.load({ threads: 1 });
  const { findings } = await diagnose(path, { engine });
  expect(findings).toMatchObject([{ lint: 'reordered-tools', tokensLost: 0 }]);
});

describe('what is no log', () => {
  const good = { messages: [user('Hello')] };
  test.each<[string, unknown[], string, RegExp]>([
    ['a line that is cut off', [good, '', '{"messages": [{"role"'], 'line 3', /line 3: no JSON/],
    ['a list', [[good]], 'line 1', /line 1: no JSON object/],
    ['an object of another kind', [good, { level: 'info', msg: 'started' }], 'line 2', /line 2: no `messages`/],
    ['a body of the responses API', [{ model: 'm', input: 'Hello' }], 'line 1', /`input`: log chat or messages/],
    ['a message without a role', [{ messages: [{ content: 'x' }] }], 'line 1', /messages\[0\] has no `role`/],
    ['a recording of a later version', [{ type: 'trace', version: 9, tokens: 'ids' }], 'line 1', /version 9/],
    [
      'a recording with a hole',
      [
        { type: 'trace', version: 1 },
        { type: 'finish', request: 7, output: [] },
      ],
      'line 2',
      /request 7 has no submit/,
    ],
    [
      'a recording that is damaged',
      [
        { type: 'trace', version: 1 },
        { type: 'submit', request: 1, program: 1, base: 0, keep: 0, tokens: 'x' },
      ],
      'line 2',
      /`tokens` is no list/,
    ],
    ['an empty file', [''], 'line 1', /nothing in it/],
  ])('%s', async (_name, lines, field, message) => {
    expect(await errorOf(() => diagnose(log(lines)))).toMatchObject({
      code: 'TRACE_INVALID',
      field,
      message: expect.stringMatching(message),
    });
  });

  test('a file that is not there, options that are wrong', async () => {
    expect(await errorOf(() => diagnose(join(folder, 'none')))).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'path',
    });
    expect(await errorOf(() => diagnose(folder))).toMatchObject({ code: 'INVALID_OPTION', field: 'path' });
    const engine = {} as Engine;
    expect(await errorOf(() => diagnose(log([good]), { engine }))).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'engine',
    });
  });

  test('a body that the model cannot read is counted in characters', async () => {
    await using engine = await Engine.load({ threads: 1 });
    const picture = user([{ type: 'image_url', image_url: { url: 'data:' } }]);
    const { calls, counted } = await diagnose(log([{ messages: [picture] }, { messages: [picture, picture] }]), {
      engine,
    });
    expect([calls, counted]).toEqual([2, 'as four characters a token, by no model']);
  });
});

describe('a recording', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ threads: 1 });
  });
  afterAll(() => engine.close());

  test.each(['hashed', 'ids'] as const)(
    '%s: where prompts leave each other, and what the cache lost',
    async (tokens) => {
      await engine.clearCache();
      const path = join(folder, `${tokens}.jsonl`);
      const recording = await engine.record(path, { tokens });
      const session = engine.session({ system: LONG, temperature: 0, maxTokens: 8 });
      await session.generate('When does it leave?');
      await session.generate('And from where?');
      await engine.clearCache();
      const { usage } = await session.generate('And back?');
      const program = engine.program();
      const other = (day: number) =>
        engine.generate(
          [
            { role: 'system', content: `2026-11-0${day}\n${LONG}` },
            { role: 'user', content: 'Hi' },
          ],
          { program, maxTokens: 4 },
        );
      await other(1);
      await other(2);
      await recording.stop();
      const report = await diagnose(path);
      const first = (report.findings[0]?.call ?? 0) - 3; // requests are numbered in their engine
      const kinds = report.findings.map(({ lint, call }) => [call - first, lint]);
      expect(kinds).toEqual([
        [3, 'evicted'],
        [5, 'diverged'],
      ]);
      const [evicted, diverged] = report.findings;
      expect(evicted?.tokensLost).toBeGreaterThan(usage.promptTokens - (usage.cachedTokens ?? 0) - 40);
      expect(diverged?.token).toBeGreaterThan(0);
      expect(diverged?.token).toBeLessThan(32);
      expect(report.rate?.how).toContain('recorded');
      expect(report.calls).toBe(5);
    },
  );
});

describe('banyan doctor', () => {
  const body = (second: number) => ({
    model: 'm',
    system: `10:00:0${second}\n${LONG}`,
    messages: [user('When does it leave?')],
  });
  const banyan = (...args: string[]) => runScript('src/cli/main.ts', ['doctor', ...args]);

  test('a report, as text and as JSON; its exit code by --fail-under', { timeout: 60_000 }, async () => {
    const path = log([body(1), body(2)]);
    const [text, json, poor, fine] = await Promise.all([
      banyan(path),
      banyan(path, '--json', '--texts', '--prefill-rate', '500'),
      banyan(path, '--fail-under', '90'),
      banyan(log([body(1), body(1)]), '--fail-under', '100'),
    ]);
    expect(text).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^2 calls.*\nclock: \d+ tokens in 1 call,.*call 2, conversation 1: system \(clock\), from token 4:/s,
      ),
    });
    expect(text.stdout).not.toContain('10:00');
    expect(JSON.parse(json.stdout)).toMatchObject({
      calls: 2,
      rate: { tokensPerSecond: 500 },
      findings: [{ lint: 'clock', excerpt: { before: expect.stringContaining('10:00:01') } }],
    });
    expect([poor.code, fine.code]).toEqual([1, 0]);
  });

  test('what is wrong is one line', { timeout: 60_000 }, async () => {
    const path = log([body(1), '{']);
    expect(await banyan(path)).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^TRACE_INVALID: .*line 2: no JSON.*\n$/),
    });
    expect(await banyan(path, '--fail-under', 'much')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('0 to 100'),
    });
  });
});
