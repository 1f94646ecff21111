import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import type { RunResult } from '../../src/agent/agent-events.js';
import type { AgentOptions } from '../../src/agent/agent-options.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

// Runs of trained models at a temperature at which they err: calls that are cut or wrong, results that are too long, tools
// that fail. AGENT_RUNS=300 makes so many (default 20) and prints how they ended; SMOLLM2=path.gguf makes them on
// SmolLM2-135M-Instruct too, with chat templates that show tools and with its own, which shows none.

const RUNS = Number(process.env.AGENT_RUNS ?? 20);
const SMOLLM2 = process.env.SMOLLM2 ?? '';
if (!existsSync(SMOLLM2)) console.log('Runs on SmolLM2 are skipped: SMOLLM2 names no file');

const templateOf = (model: string) => llamaTemplates().find(([name]) => name.includes(model))?.[1] as string;
const MODELS: [name: string, options: EngineOptions][] = [
  ['the embedded model', { maxContext: 2_048, kvTokens: 8_192 }],
  ...(existsSync(SMOLLM2)
    ? ['Hermes-2-Pro', 'Qwen2.5', undefined].map((template): [string, EngineOptions] => {
        const chatTemplate = template && templateOf(template);
        return [
          `SmolLM2 as ${template ?? 'itself'}`,
          { model: SMOLLM2, chatTemplate, maxContext: 2_048, kvTokens: 8_192 },
        ];
      })
    : []),
];

const QUESTIONS = [
  'What is the weather in Oslo?',
  'Send Ann the news.',
  'Read a.txt and b.txt',
  'Hello',
  '',
  'Repeat that.',
];
const STOP_REASONS = ['answer', 'max-steps', 'max-tokens', 'context', 'no-call'];

describe.each(MODELS)('%s', (name, options) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ threads: 1, ...options });
  });
  afterAll(() => engine.close());

  test(`${RUNS} runs end with a reason, and their sessions go on`, { timeout: 3_600_000 }, async () => {
    const ended = new Map<string, number>();
    const failed: string[] = [];
    let calls = 0;
    let trims = 0;
    for (let run = 0; run < RUNS; run++) {
      const { agent, executed } = agentOf(engine, run);
      try {
        const first = agent.run(QUESTIONS[run % QUESTIONS.length] as string);
        const results = [await first];
        results.push(await agent.run('And now?', { session: first.session }));
        const { finishReason } = await first.session.generate('Thanks.', { maxTokens: 20 });
        expect(finishReason).toMatch(/^(stop|length|tool-calls)$/);
        for (const result of results) {
          expect(STOP_REASONS).toContain(result.stopReason);
          expect(result.steps.length).toBeGreaterThan(0);
          ended.set(result.stopReason, (ended.get(result.stopReason) ?? 0) + 1);
        }
        calls += expectOnce(executed, results);
        trims += results.flatMap(({ steps }) => steps).filter(({ dropped }) => dropped > 0).length;
      } catch (reason) {
        failed.push(`run ${run}: ${reason}`);
      }
    }
    if (process.env.AGENT_RUNS) console.log(name, { runs: RUNS, ended: Object.fromEntries(ended), calls, trims });
    expect(failed).toEqual([]);
  });
});

/** No call had its tool twice. Gives how many ran. */
function expectOnce(executed: readonly string[], results: readonly RunResult[]): number {
  expect(new Set(executed).size).toBe(executed.length);
  const made = results.flatMap(({ steps }) => steps.flatMap(({ tools }) => tools));
  expect(executed.length).toBeLessThanOrEqual(made.length);
  return executed.length;
}

/** The `run`-th agent: what it may do differs from one to the next. */
function agentOf(engine: Engine, run: number): { agent: Agent; executed: string[] } {
  const executed: string[] = [];
  const tool = (name: string, property: string, answer: (value: string) => unknown) =>
    defineTool({
      ...{ name, description: `The ${name} tool` },
      input: { type: 'object', properties: { [property]: { type: 'string', maxLength: 40 } }, required: [property] },
      execute: (input, { idempotencyKey }) => {
        executed.push(idempotencyKey);
        return answer(String((input as Record<string, string>)[property]));
      },
    });
  const tools = [
    tool('get_weather', 'city', (city) => ({ city, celsius: 7 })),
    tool('read_file', 'path', (path) => `${path}: ${'line of the file\n'.repeat(run % 3 === 0 ? 600 : 3)}`),
    tool('send', 'to', (to) => {
      if (run % 2 === 0) throw new Error(`no such person: ${to}`);
      return 'sent';
    }),
  ];
  const options: Partial<AgentOptions> = {
    maxTokens: [200, 30, 60, 400][run % 4],
    forceTools: [0, 1, 2][run % 3],
    parallelToolCalls: run % 5 !== 0,
  };
  const limits = { maxSteps: 5, maxToolCalls: 6, ...(run % 7 === 0 && { maxTokens: 90 }) };
  return {
    agent: new Agent({
      engine,
      tools,
      system: 'You help.',
      temperature: 1.2,
      seed: run,
      onOverflow: 'trim',
      limits,
      ...options,
    }),
    executed,
  };
}
