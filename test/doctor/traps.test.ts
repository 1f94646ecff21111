import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { Doctor, type Finding, type LintName } from '../../src/doctor/doctor.js';
import { type ChatMessage, canonicalJson, Engine, type GenerateOptions, type ToolSpec } from '../../src/index.js';

// Each trap: the doctor finds it by name, at its field, and the tokens that it says are lost are those that are not computed any
// more when its advice is followed. On the real engine, whose own counts are the truth; to within a page.

const PAGE = 32;
const TURNS = 3;

/** What a client sends in a turn. */
interface Sent {
  messages: ChatMessage[];
  options?: GenerateOptions;
}

/** A client that sends its whole conversation each time. `said`: all that was said, the new question last. */
type Client = (turn: number, said: readonly ChatMessage[]) => Sent;

interface Trap {
  lint: LintName;
  field: RegExp;
  trap: Client;
  mended: Client;
  /** Not in a log of bodies. */
  liveOnly?: boolean;
}

const INSTRUCTIONS = `You answer questions of guests of a ferry line. ${'Be brief, be polite, and name the pier. '.repeat(8)}`;
const with_ = (system: string, said: readonly ChatMessage[], options?: GenerateOptions): Sent => ({
  messages: [{ role: 'system', content: system }, ...said],
  ...(options && { options }),
});
const plain: Client = (_turn, said) => with_(INSTRUCTIONS, said);

const tool = (name: string, about: string): ToolSpec => ({
  name,
  description: `${about} It is to be called with all that is known, and only once for each question.`,
  parameters: { type: 'object', properties: { place: { type: 'string' }, day: { type: 'string' } } },
});
const TOOLS = [
  tool('departures', 'All ferries that leave a pier.'),
  tool('fares', 'What a ticket costs.'),
  tool('weather', 'Waves.'),
];
const turned = <Item>(list: readonly Item[], by: number) => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];
const swapped = ({ parameters, ...rest }: ToolSpec, turn: number): ToolSpec => ({
  ...rest,
  parameters: turn % 2 ? Object.fromEntries(Object.entries(parameters).reverse()) : parameters,
});
const FILES = Array.from({ length: 12 }, (_, index) => `src/piers/pier-of-island-${index}.ts`);
const NOTES = [
  'The pier of Moss is closed for repairs, guests go by bus to the next one.',
  'A storm is expected at night, late ferries may stay in the harbour until it is over.',
  'There is a market in Horten, so that the ferries of the morning will be full.',
];

const TRAPS: Record<string, Trap> = {
  'a clock in the instructions': {
    ...{ lint: 'clock', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`Now: 2026-11-26T10:0${turn}:12Z\n${INSTRUCTIONS}`, said),
  },
  'a random id': {
    ...{ lint: 'random-id', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (_turn, said) => with_(`Request ${randomUUID()}\n${INSTRUCTIONS}`, said),
  },
  'a counter': {
    ...{ lint: 'counter', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`This is call ${turn + 17} of the guest.\n${INSTRUCTIONS}`, said),
  },
  'a header that changes': {
    ...{ lint: 'changing-header', field: /^messages\[0\]\.content$/, mended: plain },
    trap: (turn, said) => with_(`Working directory: /home/${'abc'[turn]}\n${INSTRUCTIONS}`, said),
  },
  'tools in another order, in a text': {
    ...{ lint: 'reordered-tools', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`Tools: ${JSON.stringify(turned(TOOLS, turn))}\n${INSTRUCTIONS}`, said),
    mended: (_turn, said) => with_(`Tools: ${JSON.stringify(TOOLS)}\n${INSTRUCTIONS}`, said),
  },
  'tools that come and go': {
    ...{ lint: 'tools-changed', field: /^tools\[\d\]$/ },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tools: turn === 1 ? TOOLS.slice(1) : TOOLS }),
    mended: (_turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS }),
  },
  'a schema whose keys move': {
    ...{ lint: 'unstable-json', field: /^tools\[0\](\.function)?\.parameters$/ },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS.map((one) => swapped(one, turn)) }),
    mended: (_turn, said) => with_(INSTRUCTIONS, said, { tools: TOOLS }),
  },
  'JSON in a text whose keys move': {
    ...{ lint: 'unstable-json', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) =>
      with_(
        `Profile: ${JSON.stringify(Object.fromEntries(turned(Object.entries({ name: 'Ada', seats: 4, car: false }), turn)))}\n${INSTRUCTIONS}`,
        said,
      ),
    mended: (_turn, said) =>
      with_(`Profile: ${canonicalJson({ name: 'Ada', seats: 4, car: false })}\n${INSTRUCTIONS}`, said),
  },
  'a list in no order': {
    ...{ lint: 'unstable-order', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`${turned(FILES, turn * 5).join('\n')}\n${INSTRUCTIONS}`, said),
    mended: (_turn, said) => with_(`${FILES.join('\n')}\n${INSTRUCTIONS}`, said),
  },
  'what changes before what stays': {
    ...{ lint: 'volatile-first', field: /^messages\[0\]\.content$/ },
    trap: (turn, said) => with_(`${NOTES[turn]}\n\n${INSTRUCTIONS}`, said),
    mended: (turn, said) => {
      const last = said.at(-1) as ChatMessage;
      return with_(INSTRUCTIONS, [
        ...said.slice(0, -1),
        { ...last, content: `${last.content}\n${NOTES[turn]}` } as ChatMessage,
      ]);
    },
  },
  'an earlier message that is edited': {
    ...{ lint: 'history-edited', field: /^messages\[1\]\.content$/, mended: plain },
    trap: (turn, said) => {
      const [first, ...rest] = said as [ChatMessage, ...ChatMessage[]];
      return with_(
        INSTRUCTIONS,
        turn === 0
          ? said
          : [{ ...first, content: `${first.content} (${'answered '.repeat(turn)})` } as ChatMessage, ...rest],
      );
    },
  },
  'a window that slides': {
    ...{ lint: 'history-trimmed', field: /^messages\[1\]$/, mended: plain },
    trap: (turn, said) => with_(INSTRUCTIONS, turn === 2 ? said.slice(2) : said),
  },
  'another tenant': {
    ...{ lint: 'other-tenant', field: /^tenant$/, mended: plain },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { tenant: `tenant ${turn}` }),
  },
  'a call outside the cache': {
    ...{ lint: 'cache-off', field: /^cache$/, mended: plain, liveOnly: true },
    trap: (turn, said) => with_(INSTRUCTIONS, said, { cache: turn !== 1 }),
  },
};

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
    said.push({ role: 'user', content: `Question ${'ABC'[turn]}: which ferry goes to the island, and from where?` });
    const sent = client(turn, said);
    const { text, usage } = await engine.generate(sent.messages, { ...sent.options, maxTokens: 12, temperature: 0 });
    said.push({ role: 'assistant', content: text });
    turns.push({ computed: usage.promptTokens - usage.cachedTokens, findings: [], sent });
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
