import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import type { RunResult } from '../../src/agent/agent-events.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import type { AgentRun } from '../../src/agent/agent-run.js';
import { defineTool } from '../../src/agent/tool.js';
import type { Engine } from '../../src/engine/engine.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { CrashingJournal, MemoryJournal } from '../support/memory-journal.js';

// Invariant 23: a crash at any step, then a resume: the same token stream, and no tool dispatched twice.

const TOOLS = ['look', 'count'] as const;

/** Tools with effects, counted over all lives of a run by idempotency key. */
function toolsWithEffects(idempotent: boolean) {
  const effects = new Map<string, number>();
  const tools = TOOLS.map((name) =>
    defineTool({
      name,
      description: `Can ${name}`,
      input: z.object({ n: z.number().int() }),
      idempotent,
      execute: ({ n }, { idempotencyKey }) => {
        effects.set(idempotencyKey, (effects.get(idempotencyKey) ?? 0) + 1);
        return { [name]: n };
      },
    }),
  );
  return { effects, tools };
}

/** One run, begun as often as need be. */
interface World {
  agent: Agent;
  effects: Map<string, number>;
}
type MakeWorld = (idempotent: boolean) => World;

/** What of a run must not depend on crashes. */
interface Told {
  tokens: number[];
  text: string;
  stopReason: string;
  results: string[][];
}

function told(run: AgentRun, { text, stopReason, steps }: RunResult): Told {
  const results = steps.map(({ tools }) => tools.map(({ content }) => content));
  return { tokens: [...run.session.tokens], text, stopReason, results };
}

/** Goes on where `lines` end: nothing written is nothing done. */
async function goOn({ agent }: World, journal: MemoryJournal): Promise<Told> {
  const run = journal.lines.length > 0 ? agent.resume(journal) : agent.run('Go', { journal });
  return told(run, await run);
}

async function uninterrupted(make: MakeWorld): Promise<{ told: Told; lines: string[]; calls: number }> {
  const world = make(false);
  const journal = new MemoryJournal();
  const whole = await goOn(world, journal);
  expect(journal.lines.at(-1)).toContain('"end"');
  return { told: whole, lines: journal.lines, calls: world.effects.size };
}

/** Two lives, the first one ended by a crash in append `at`. */
async function crashAndResume(make: MakeWorld, idempotent: boolean, at: number, kept: boolean) {
  const world = make(idempotent);
  const first = new CrashingJournal(at, kept);
  world.agent.run('Go', { journal: first });
  await first.crashed;
  const second = new MemoryJournal(first.lines);
  const { open } = second;
  const resumed = await goOn(world, second);
  expect(await goOn(world, new MemoryJournal(second.lines))).toEqual(resumed); // what was written can be read
  return { ...world, open, told: resumed, journal: second };
}

/** The crash came between a call and its result: until then all is the same, and then the model is told so. */
function expectUnknown(actual: Told, expected: Told, open: readonly string[]): void {
  const step = Number(open[0]?.split('.')[0]);
  expect(actual.results.slice(0, step)).toEqual(expected.results.slice(0, step));
  actual.results[step]?.forEach((content, index) => {
    if (open.includes(`${step}.${index}`)) expect(content).toMatch(/"error":.*unknown/);
    else expect(content).toBe(expected.results[step]?.[index]);
  });
}

function expectOnce(effects: ReadonlyMap<string, number>): void {
  for (const [key, count] of effects) expect(count, key).toBe(1);
}

async function everyCrash(make: MakeWorld): Promise<void> {
  const reference = await uninterrupted(make);
  for (let at = 0; at < reference.lines.length; at++)
    for (const kept of [false, true]) {
      const { told: actual, open, effects, journal } = await crashAndResume(make, false, at, kept);
      expectOnce(effects);
      if (open.length > 0) expectUnknown(actual, reference.told, open);
      else {
        expect(actual).toEqual(reference.told);
        expect(effects.size).toBe(reference.calls);
        expect(journal.lines).toHaveLength(reference.lines.length);
      }
    }
}

async function everyCrashWithIdempotentTools(make: MakeWorld): Promise<void> {
  const reference = await uninterrupted(make);
  for (let at = 0; at < reference.lines.length; at++) {
    const { told: actual, effects, open } = await crashAndResume(make, true, at, true);
    expect(actual).toEqual(reference.told);
    expect(effects.size).toBe(reference.calls);
    for (const [key, count] of effects)
      expect(count).toBeLessThanOrEqual(open.some((call) => key.endsWith(call)) ? 2 : 1);
  }
}

describe('on the real engine', () => {
  let engine: Engine;
  let attention: string | undefined;
  beforeAll(async () => {
    attention = process.env.BANYAN_ATTENTION;
    process.env.BANYAN_ATTENTION = 'portable'; // with F32 pages: the same tokens to the last one, cached or not
    engine = await openEngine(ENDING_MODEL, { kvType: 'f32' });
  });
  afterAll(async () => {
    if (attention === undefined) delete process.env.BANYAN_ATTENTION;
    else process.env.BANYAN_ATTENTION = attention;
    await engine.close();
  });

  const world =
    (options: Partial<AgentOptions>): MakeWorld =>
    (idempotent) => {
      const { tools, effects } = toolsWithEffects(idempotent);
      const limits = { maxSteps: 3 };
      const agent = new Agent({ engine, tools, system: 'You help.', maxTokens: 70, forceTools: 2, limits, ...options });
      return { agent, effects };
    };
  test('greedy: a crash in any append', { timeout: 120_000 }, async () => {
    await everyCrash(world({ temperature: 0 }));
    expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('sampled with a seed: a crash in any append', { timeout: 120_000 }, async () => {
    await everyCrash(world({ temperature: 0.9, seed: 2 }));
  });

  test('idempotent tools: the stream is the same wherever the crash was', { timeout: 120_000 }, async () => {
    await everyCrashWithIdempotentTools(world({ temperature: 0.9, seed: 2 ** 32 - 2 }));
  });

  test('a seed that was drawn is on record', { timeout: 60_000 }, async () => {
    const make = world({ temperature: 0.9 });
    const { told: whole, lines } = await uninterrupted(make);
    const firstTurn = lines.findIndex((line) => line.includes('"turn"'));
    for (const length of [1, firstTurn + 1]) {
      const resumed = await goOn(make(false), new MemoryJournal(lines.slice(0, length)));
      expect(resumed).toEqual(whole);
    }
  });

  test('restored tokens are cached tokens', async () => {
    const make = world({ temperature: 0, system: 'You help others.' });
    const { lines } = await uninterrupted(make);
    const beforeLastTurn = lines.slice(
      0,
      lines.findLastIndex((line) => line.includes('"turn"')),
    );
    const { steps } = await make(false).agent.resume(new MemoryJournal(beforeLastTurn));
    const [before, last] = steps.slice(-2);
    const past = (before?.usage.promptTokens ?? 0) + (before?.usage.outputTokens ?? 0);
    expect(last?.usage.cachedTokens).toBeGreaterThanOrEqual(past - 1); // the last token of a cut answer is not computed
  });
});

describe('on a scripted engine', () => {
  /** Step n has `plan[n]` calls, then comes an answer that tells all results. */
  const world =
    (plan: readonly number[]): MakeWorld =>
    (idempotent) => {
      const { engine } = scripted((prompt) => {
        const step = prompt.split('<|assistant|>').length - 2;
        const calls = Array.from({ length: plan[step] ?? 0 }, (_, n) =>
          callText(`c${step}${n}`, TOOLS[n % 2] as string, JSON.stringify({ n })),
        );
        return calls.join('') || `All: ${[...prompt.matchAll(/<\|tool\|>([^<]*)/g)].map(([, result]) => result)}`;
      });
      const { tools, effects } = toolsWithEffects(idempotent);
      return { agent: new Agent({ engine, tools, limits: { maxToolCalls: 4 } }), effects };
    };
  const plans = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });

  test('any run, a crash in any append', async () => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => everyCrash(world(plan))),
      { numRuns: 8, seed: 23 },
    );
  });

  test('any run of idempotent tools, a crash in any append', async () => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => everyCrashWithIdempotentTools(world(plan))),
      { numRuns: 8, seed: 24 },
    );
  });

  test('crash after crash: still no call twice, and an end', async () => {
    const crashes = fc.array(fc.tuple(fc.nat(8), fc.boolean()), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(plans, crashes, async (plan, list) => {
        const make = world(plan)(false);
        let lines: string[] = [];
        for (const [at, kept] of list) {
          const life = new CrashingJournal(at, kept, lines);
          const ended = lines.length > 0 ? make.agent.resume(life) : make.agent.run('Go', { journal: life });
          await Promise.race([life.crashed, ended]);
          lines = life.lines;
        }
        const journal = new MemoryJournal(lines);
        const last = await goOn(make, journal);
        expectOnce(make.effects);
        expect(last.results.map((step) => step.length)).toEqual([...plan, 0].slice(0, last.results.length));
        expect(journal.lines.at(-1)).toContain('"end"');
        expect(await goOn(make, new MemoryJournal(journal.lines))).toEqual(last);
      }),
      { numRuns: 100, seed: 25 },
    );
  });
});
