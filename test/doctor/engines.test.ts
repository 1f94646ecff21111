import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diagnose } from '../../src/doctor/diagnose.js';
import { Doctor, type Finding } from '../../src/doctor/doctor.js';
import { Agent, type ChatMessage, defineTool, Engine, type GenerateOptions } from '../../src/index.js';
import { openEngine } from '../../testing/engine/random-engine.js';

// Traps that lie in an engine rather than in a prompt, and programs that fall into none.

const PAGE = 32;
const INSTRUCTIONS = `You answer questions of guests of a ferry line. ${'Be brief, be polite, and name the pier. '.repeat(8)}`;
const QUESTIONS = ['A', 'B', 'C'].map((name) => `Question ${name}: which ferry goes to the island, and from where?`);
const TURN = { maxTokens: 12, temperature: 0 };

/** A template of the usual kind, with something before the messages. */
const template = (head: string) =>
  `${head}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}` +
  `{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

interface Counted {
  computed: number;
  findings: readonly Finding[];
}

/** The questions, by a client that sends its whole conversation each time. */
async function whole(engine: Engine, options: (turn: number) => GenerateOptions = () => ({})): Promise<Counted[]> {
  const said: ChatMessage[] = [{ role: 'system', content: INSTRUCTIONS }];
  return watched(engine, async (turn) => {
    said.push({ role: 'user', content: QUESTIONS[turn] as string });
    const result = await engine.generate(said, { ...TURN, ...options(turn) });
    said.push({ role: 'assistant', content: result.text });
    return result;
  });
}

type Usage = { usage: { promptTokens: number; cachedTokens: number | null } };

async function watched(engine: Engine, ask: (turn: number) => PromiseLike<Usage>): Promise<Counted[]> {
  await engine.clearCache();
  await using doctor = new Doctor(engine);
  const computed: number[] = [];
  for (const turn of QUESTIONS.keys()) {
    const { usage } = await ask(turn);
    computed.push(usage.promptTokens - (usage.cachedTokens ?? 0));
  }
  const { findings } = await doctor.report();
  return computed.map((count, turn) => ({
    computed: count,
    findings: findings.filter(({ call }) => call === turn + 1),
  }));
}

function expectSaved(trapped: readonly Counted[], mended: readonly Counted[]): void {
  expect(mended.flatMap(({ findings }) => findings)).toEqual([]);
  for (const [turn, { computed, findings }] of trapped.entries()) {
    const told = findings.reduce((sum, { tokensLost }) => sum + tokensLost, 0);
    expect(Math.abs(computed - (mended[turn]?.computed ?? 0) - told), `turn ${turn}: ${told} told`).toBeLessThanOrEqual(
      PAGE,
    );
  }
}

test('a template that rewrites history: a session never renders it again', async () => {
  const chatTemplate = template("{{ 'A conversation of ' ~ (messages | length) ~ ' messages.\\n' }}");
  await using engine = await Engine.load({ chatTemplate, threads: 1 });
  const trapped = await whole(engine);
  const found = trapped.flatMap(({ findings }) => findings);
  expect(found.map(({ call, lint }) => [call, lint])).toEqual(
    [2, 3].map((call) => [call, 'template-rewrites-history']),
  );
  const session = engine.session({ system: INSTRUCTIONS });
  expectSaved(trapped, await watched(engine, (turn) => session.generate(QUESTIONS[turn] as string, TURN)));
});

test('a template that drops the reasoning of earlier turns, found in a log', async () => {
  const last =
    '{% set ns = namespace(at=0) %}{% for m in messages %}{% if m.role == "user" %}{% set ns.at = loop.index0 %}{% endif %}{% endfor %}';
  const chatTemplate =
    `${last}{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == "assistant" and m.reasoning_content and loop.index0 > ns.at %}` +
    `{{ '<think>' + m.reasoning_content + '</think>' }}{% endif %}{{ m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;
  await using engine = await Engine.load({ chatTemplate, threads: 1 });
  const thought = {
    role: 'assistant',
    content: 'Let me look.',
    reasoning_content: 'The guest wants to know it. '.repeat(20),
  };
  const begun = [
    { role: 'system', content: INSTRUCTIONS },
    { role: 'user', content: QUESTIONS[0] },
    thought,
    { role: 'assistant', content: 'From the north. '.repeat(20) },
  ];
  const bodies = [begun, [...begun, { role: 'user', content: QUESTIONS[1] }]].map((messages) => ({
    model: 'm',
    messages,
  }));
  expect((await logged(bodies, engine)).map(({ lint }) => lint)).toEqual(['template-rewrites-history']);
});

test('options that the template shows', async () => {
  const chatTemplate = template(
    "{% if not enable_thinking %}{{ 'Answer at once, without any thought.\\n' }}{% endif %}",
  );
  await using engine = await Engine.load({ chatTemplate, threads: 1 });
  const trapped = await whole(engine, (turn) => ({ thinking: turn !== 1 }));
  expect(trapped[1]?.findings).toMatchObject([{ lint: 'other-template', field: 'thinking' }]);
  const other = await whole(engine);
  expectSaved(trapped.slice(0, 2), other.slice(0, 2));
});

test('another model in the midst of a conversation', async () => {
  await using one = await Engine.load({ threads: 1 });
  await using two = await Engine.load({ threads: 1 });
  const said: ChatMessage[] = [{ role: 'system', content: INSTRUCTIONS }];
  const costs: number[] = [];
  const bodies: object[] = [];
  for (const [turn, engine] of [one, two].entries()) {
    said.push({ role: 'user', content: QUESTIONS[turn] as string });
    bodies.push({ model: `model ${turn}`, messages: [...said] });
    const { text, usage } = await engine.generate(said, TURN);
    said.push({ role: 'assistant', content: text });
    costs.push(usage.promptTokens - (usage.cachedTokens ?? 0));
  }
  const stayed = (await one.generate(said.slice(0, -1), TURN)).usage;
  const [finding, ...others] = await logged(bodies, one);
  expect([finding?.lint, others]).toEqual(['other-model', []]);
  const saved = (costs[1] ?? 0) - (stayed.promptTokens - (stayed.cachedTokens ?? 0));
  expect(Math.abs(saved - (finding?.tokensLost ?? 0))).toBeLessThanOrEqual(PAGE);
});

test('what the cache had to give away is told as such, not as a fault of the prompt', async () => {
  await using engine = await Engine.load({ threads: 1, kvTokens: 2_048 });
  await using doctor = new Doctor(engine);
  const messages: ChatMessage[] = [{ role: 'user', content: `${INSTRUCTIONS} ${QUESTIONS[0]}` }];
  await engine.generate(messages, TURN);
  for (const word of ['red', 'green', 'blue', 'grey', 'black', 'white', 'brown', 'pale']) {
    await engine.generate([{ role: 'user', content: `${word} `.repeat(250) }], TURN);
  }
  const { usage } = await engine.generate(messages, TURN);
  const { findings } = await doctor.report();
  expect(findings).toMatchObject([
    { call: 10, lint: 'evicted', tokensLost: usage.promptTokens - (usage.cachedTokens ?? 0) - 1 },
  ]);
});

test('states that ran out: with more of them nothing is lost', async () => {
  const hybrid = (stateBytes = 0) =>
    openEngine({ architecture: 'granitehybrid' }, { kvTokens: 8_192, maxRunning: 1, stateBytes });
  const conversation = async (states: number) => {
    await using engine = await hybrid(states * stateBytes);
    await using doctor = new Doctor(engine);
    const said: ChatMessage[] = [{ role: 'user', content: `${INSTRUCTIONS} ${QUESTIONS[0]}` }];
    // An answer that reads as the tokens it was made of, whatever the CPU rounds.
    const { text } = await engine.generate(said, { ...TURN, grammar: 'root ::= "7"' });
    // Others as long as it, so that no state of it is worth more than theirs, however fast this CPU computes.
    for (const word of ['red', 'green', 'blue', 'grey']) {
      await engine.generate([{ role: 'user', content: `${word} `.repeat(100) }], TURN);
    }
    said.push({ role: 'assistant', content: text }, { role: 'user', content: QUESTIONS[1] as string });
    const { usage } = await engine.generate(said, TURN);
    return { computed: usage.promptTokens - (usage.cachedTokens ?? 0), findings: (await doctor.report()).findings };
  };
  const probe = await hybrid();
  const { stateBytes } = probe.info;
  await probe.close();
  const [few, many] = [await conversation(2), await conversation(32)];
  expect(few.findings.map(({ call, lint, field }) => [call, lint, field])).toEqual([[6, 'no-state', 'cache']]);
  expectSaved([few], [many]);
});

test('agents, sessions and forks lose nothing; texts and times are told of a watched engine', async () => {
  await using engine = await Engine.load({ threads: 1 });
  await using doctor = new Doctor(engine, { texts: true });
  const weather = defineTool({
    ...{ name: 'get_weather', description: 'Current weather of a city' },
    input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    execute: () => ({ celsius: 7, sky: 'light rain' }),
  });
  const agent = new Agent({ engine, system: 'Answer in one sentence.', tools: [weather], temperature: 0 });
  await agent.run('What is the weather in Oslo? And in Bergen?');
  const session = engine.session({ system: INSTRUCTIONS, ...TURN });
  await session.generate(QUESTIONS[0] as string);
  await Promise.all([session.fork().generate('And in winter?'), session.fork().generate('And in summer?')]);
  const report = await doctor.report();
  expect(report).toMatchObject({ findings: [], reusedPercent: 100, calls: 5, callsLeftOut: 0 });
  expect(report.conversations.map(({ calls }) => calls)).toEqual([2, 3]);
  expect(report.rate?.tokensPerSecond).toBeGreaterThan(0);
});

async function logged(bodies: readonly object[], engine: Engine): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log.jsonl');
  writeFileSync(path, bodies.map((body) => JSON.stringify(body)).join('\n'));
  return (await diagnose(path, { engine })).findings;
}
