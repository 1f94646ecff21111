import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Agent } from '../../../src/agent/agent.js';
import type { RunResult } from '../../../src/agent/agent-events.js';
import type { CallRule, PredictedCall } from '../../../src/agent/speculation/run-past.js';
import { ToolPredictor } from '../../../src/agent/speculation/tool-predictor.js';
import { defineTool } from '../../../src/agent/tool.js';
import { type Script, scripted } from '../../../testing/engine/scripted-engine.js';
import { callText } from '../../../testing/engine/scripted-text.js';
import { MemoryJournal } from '../../support/memory-journal.js';

// Whatever a predictor says, and whatever the model does: the same conversation, the same results, the same effects.

const NAMES = ['look', 'count', 'send'];

function drawn(seed: number, text: string): (most: number) => number {
  const bytes = createHash('sha256').update(`${seed} ${text}`).digest();
  let at = 0;
  return (most) => (bytes[at++ % 32] as number) % most;
}

const someCall = (draw: (most: number) => number): PredictedCall => {
  return { name: NAMES[draw(3)] as string, input: { n: draw(2), ...(draw(9) === 0 && { wrong: true }) } };
};

/** A model that calls at random, as its prompt says: another result would make it say something else. */
const model =
  (seed: number): Script =>
  (prompt) => {
    const draw = drawn(seed, prompt);
    if (draw(5) === 0) return 'done';
    const calls = Array.from({ length: 1 + draw(3) }, (_, at) => {
      const { name, input } = someCall(draw);
      return callText(`c${at}`, name, JSON.stringify(input));
    });
    return { steps: ['Well, ', ...calls, ' so.'].slice(draw(2)) };
  };

async function runs(seed: number, journalled: boolean, predictor?: ToolPredictor) {
  const effects: string[] = [];
  let called = 0;
  const input = { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false } as const;
  const tools = NAMES.map((name) =>
    defineTool({
      ...{ name, description: name, input, pure: name !== 'send' },
      execute: async (given) => {
        called++;
        const { n = 0 } = given as { n?: number };
        if (name === 'send') effects.push(`${n}`);
        for (let turns = 0; turns < (seed + n) % 4; turns++) await new Promise(setImmediate);
        if (n === 1 && name === 'count') throw new Error('no such number');
        return { [name]: [n, n + 1], of: `text ${n}` };
      },
    }),
  );
  const { engine } = scripted(model(seed));
  const limits = { maxSteps: 4, maxToolCalls: 7 };
  const agent = new Agent({ engine, tools, predictor, limits, seed: 1, temperature: 0 });
  const results: RunResult[] = [];
  const said: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    const journal = new MemoryJournal();
    const run = agent.run(`question ${n % 2}`, journalled ? { journal } : {});
    const result = await run;
    results.push(result);
    const told = result.steps.map(({ text, tools: outcomes, finishReason }) => ({
      text,
      finishReason,
      tools: outcomes.map(({ call, ok, content }) => ({ call, ok, content })),
    }));
    const entries = journal.entries().map((entry) => ({ ...entry, ms: 0, id: '', key: '' }));
    // What comes in which order depends on times, of calls of one step.
    const written = entries.map((entry) => JSON.stringify(entry)).sort();
    said.push({ messages: run.session.messages, told, stopReason: result.stopReason, written });
  }
  await engine.close();
  return { said, effects: effects.sort(), called, results };
}

test('the same transcript with and without speculation', { timeout: 120_000 }, async () => {
  const seen = { hits: 0, wastedCalls: 0, runs: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.nat(100_000),
      fc.nat(100_000),
      fc.boolean(),
      fc.constantFrom(0, 0.5, 0.8),
      async (seed, other, journalled, threshold) => {
        const plain = await runs(seed, journalled);
        /** Right calls and wrong ones: it has seen what came of the same questions. */
        const rule: CallRule = ({ input, calls }) => {
          const draw = drawn(other, input + JSON.stringify(calls));
          const { steps } = plain.results[input.endsWith('1') ? 1 : 0] as RunResult;
          const next = steps
            .flatMap(({ tools }) => tools.map(({ call }) => call))
            .slice(calls.length, calls.length + draw(3));
          const right = next.map(({ name, input: given }): PredictedCall => ({ name, input: given as object }));
          return [
            ...right,
            ...Array.from({ length: draw(3) }, () => ({ ...someCall(draw), probability: draw(100) / 99 })),
          ];
        };
        const predictor = new ToolPredictor({ threshold, parallel: 1 + (other % 5), rules: other % 3 ? [rule] : [] });
        const ahead = await runs(seed, journalled, predictor);
        expect(ahead.said).toEqual(plain.said);
        expect(ahead.effects).toEqual(plain.effects);
        let wasted = 0;
        for (const { speculation, usage } of ahead.results) {
          const { hits = 0, misses = 0, wastedCalls = 0 } = speculation ?? {};
          expect(hits + misses).toBeLessThanOrEqual(usage.toolCalls);
          seen.hits += hits;
          wasted += wastedCalls;
        }
        expect(ahead.called).toBeLessThanOrEqual(plain.called + wasted);
        for (let n = 0; n < 5; n++) await new Promise(setImmediate);
        for (let n = 0; n < 1 + (other % 5); n++) expect(predictor.admit()).toBe(true); // every place was given back
        seen.wastedCalls += wasted;
        seen.runs += ahead.results.length;
      },
    ),
    { numRuns: 40 },
  );
  expect(seen.hits).toBeGreaterThan(50);
  expect(seen.wastedCalls).toBeGreaterThan(50);
});
