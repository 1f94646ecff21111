import { appendFileSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { Agent } from '../../../src/agent/agent.js';
import { defineTool } from '../../../src/agent/tool.js';
import type { Engine } from '../../../src/engine/engine.js';

/**
 * The agent of the process that is killed and of the one that goes on. Each call of its tool is a line of `effects`; an idempotent tool
 * writes a key that it has seen no second time.
 */
export function journalledAgent(
  engine: Engine,
  effects: string,
  called: () => unknown = () => 'noted',
  idempotent = false,
): Agent {
  const note = defineTool({
    name: 'note',
    description: 'Writes a number down',
    input: z.object({ n: z.number().int() }),
    idempotent,
    execute: (_input, { idempotencyKey }) => {
      const known = idempotent && readFileSync(effects, 'utf8').includes(`${idempotencyKey}\n`);
      if (!known) appendFileSync(effects, `${idempotencyKey}\n`);
      return called();
    },
  });
  const limits = { maxSteps: 3 };
  const options = { parallelToolCalls: false, temperature: 0.9, seed: 5, maxTokens: 250, forceTools: 2, limits };
  return new Agent({ engine, system: 'You help.', tools: [note], ...options });
}
