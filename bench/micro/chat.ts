import { performance } from 'node:perf_hooks';
import { loadBinding } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { engineOptions, nativeRequest } from '../../testing/engine/test-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { median } from '../../testing/statistics.js';
import type { Table } from '../report.js';

const TURNS = 10;
const TOOLS = 8;

/** What a chat costs before its first step: the rendering (on Node's thread pool), and `submit` on JavaScript's thread. */
export async function measureChats(runs: number): Promise<Table> {
  const engine = await loadBinding().loadEngine(
    engineOptions(randomModel({ layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64, context: 32_768 })),
    () => {},
    () => {},
    new Int32Array(new SharedArrayBuffer(4)),
  );
  const rows: Table['rows'] = [];
  for (const toolCount of [0, TOOLS]) {
    const render: number[] = [];
    const submit: number[] = [];
    for (let run = 0; run < 20 * runs; run++) {
      const start = performance.now();
      const { format } = await engine.renderChat(chat(toolCount, run));
      render.push(performance.now() - start);
      const request = nativeRequest([1, 2, 3], { chat: format, maxTokens: 1 });
      const before = performance.now();
      engine.submit(request);
      submit.push(performance.now() - before);
    }
    rows.push([`${TURNS} turns, ${toolCount} tools`, median(render), median(submit)]);
  }
  while ((await engine.stats()).running > 0);
  await engine.close();
  return { title: 'chats', columns: ['conversation', 'render ms', 'submit ms'], rows };
}

/** The last message differs, so that no rendering is like another. */
function chat(toolCount: number, run: number) {
  const turns = Array.from({ length: TURNS }, (_, turn) => [
    {
      role: 'user',
      content: `Question ${turn}: how many pages does the prefix of agent ${turn} share with the others?`,
    },
    { role: 'assistant', content: `All but the last ones: what the agents have in common was computed once.` },
  ]).flat();
  return {
    messages: [{ role: 'system', content: 'You are helpful.' }, ...turns, { role: 'user', content: `And now? ${run}` }],
    tools: Array.from({ length: toolCount }, (_, index) => tool(index)),
    ...CHAT_DEFAULTS,
  };
}

const tool = (index: number) => ({
  type: 'function',
  function: {
    name: `search_${index}`,
    description: 'Searches the notes of one folder',
    parameters: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'Words that must occur' },
        limit: { type: 'integer', minimum: 1, maximum: 50 },
        order: { enum: ['newest', 'oldest', 'best'] },
        tags: { type: 'array', items: { type: 'string' } },
      },
      required: ['query'],
    },
  },
});
