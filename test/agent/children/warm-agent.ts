import { z } from 'zod';
import { Agent } from '../../../src/agent/agent.js';
import { defineTool } from '../../../src/agent/tool.js';
import { Engine } from '../../../src/engine/engine.js';

/**
 * The embedded model with pages on disk. A token a step: equal bits in each life of a run, whatever was cached. Steps count as slow,
 * so that reading pages pays on any machine.
 */
export function openWarm(dir: string): Promise<Engine> {
  const policy = { refit: false, cost: { step: 1e9, prefill: 1e10 } };
  return Engine.load({ kvTokens: 8192, maxBatchTokens: 1, policy, cache: { dir } });
}

const RULES =
  'You answer questions about the ferries of a small harbour, and look prices up before you name them. '.repeat(6);

/** An agent of three steps, whose tool may be called again after a crash. `called`: awaited in each call, with its number from 1. */
export function warmAgent(engine: Engine, called: (call: number) => unknown = () => {}): Agent {
  let calls = 0;
  const price = defineTool({
    name: 'price',
    description: 'The price of a ticket',
    input: z.object({ place: z.number().int() }),
    idempotent: true,
    execute: async ({ place }) => {
      await called(++calls);
      return {
        place,
        euros: 7 + (place % 5),
        valid: 'one day, on every ferry of the harbour, with luggage and a bicycle',
      };
    },
  });
  const options = { parallelToolCalls: false, temperature: 0.7, seed: 11, maxTokens: 120, forceTools: 2 };
  return new Agent({ engine, system: RULES, tools: [price], ...options, limits: { maxSteps: 3 } });
}
