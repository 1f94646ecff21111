import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { GenerationEvent } from '../../src/engine/generation.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { checkCallEvents } from '../support/call-events.js';

// Calls as they are told while they are written, in the words of some seventy real templates: a random model writes them under the
// grammar of each.

const text = { type: 'string' };
const tool = (name: string, properties: Record<string, object>) => ({
  ...{ name, description: `The ${name} tool` },
  parameters: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false } as const,
});
const tools = [
  tool('note', { text }),
  tool('send', {
    to: { type: 'string', maxLength: 40 },
    amount: { type: 'number' },
    urgent: { type: 'boolean' },
    tags: { type: 'array', items: text, maxItems: 2 },
  }),
  tool('now', {}),
  tool('essay', { text: { type: 'string', minLength: 300 } }), // too long to be whole when it is cut
];
const prompt = [{ role: 'user' as const, content: 'Send two messages and note it.' }];

/** Templates that show their model no tools. */
const WITHOUT_TOOLS = ['SmolLM3', 'DeepSeek-R1-Distill-Llama', 'gemma-2-2b', 'rwkv-world', 'Phi-3.5-mini'];
const templates = llamaTemplates().filter(([name]) => !WITHOUT_TOOLS.some((one) => name.includes(one)));

/** Templates whose calls have their ids behind the arguments: they are told when they are whole. */
const AT_ONCE = ['mistralai-Mistral-Nemo-Instruct-2407.jinja'];

describe.each(templates)('%s', (name, chatTemplate) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(RAMBLING_MODEL, { chatTemplate, kvTokens: 24_576, maxContext: 12_288 });
  });
  afterAll(() => engine.close());

  /** Reads an answer to its end; the deltas after which `most` have come cancel it. */
  async function told(options: GenerateOptions, most = Number.POSITIVE_INFINITY) {
    const generation = engine.generate(prompt, {
      tools,
      progress: true,
      temperature: 1,
      thinkingTokens: 4,
      ...options,
    });
    const events: GenerationEvent[] = [];
    let left = most;
    for await (const event of generation) {
      events.push(event);
      if (event.type === 'call-args' && --left === 0) generation.cancel();
    }
    const result = await generation;
    return { deltas: checkCallEvents(events, result), events, result };
  }

  test('whole calls: what was told joined is the call, to the byte', async () => {
    const ask = (seed: number) => told({ seed, maxTokens: 700, toolChoice: { tool: seed % 2 ? 'note' : 'send' } });
    const answers = await Promise.all([1, 2, 3, 4].map(ask));
    for (const { result } of answers) expect(result.toolCalls.length).toBeGreaterThan(0);
    const deltas = answers.reduce((sum, one) => sum + one.deltas, 0);
    if (!AT_ONCE.includes(name)) expect(deltas).toBeGreaterThan(3 * answers.length);
  });

  test('a call that is cut ends, and what it was is text', async () => {
    const { events, result } = await told({ seed: 5, toolChoice: { tool: 'essay' } }, 2);
    if (AT_ONCE.includes(name)) return;
    expect(result).toMatchObject({ finishReason: 'cancelled', toolCalls: [] });
    const ends = events.filter((event) => event.type === 'call-end');
    expect(ends).toEqual([{ type: 'call-end', index: 0, whole: false }]);
    expect(result.text).toContain('essay');
  });
});
