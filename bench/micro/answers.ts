import { loadBinding } from '../../src/native/binding.js';
import { CHAT_DEFAULTS } from '../../testing/engine/chat-input.js';
import { engineOptions } from '../../testing/engine/test-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { randomModel } from '../../testing/models/random-model.js';
import { median } from '../../testing/statistics.js';
import { mainThreadMicros } from '../main-thread.js';
import type { Table } from '../report.js';

const LENGTHS = [100, 1_000, 10_000];
const PIECE = 4; // characters of a token, as good as
const tools = [
  {
    type: 'function',
    function: {
      name: 'write',
      description: 'Writes a file',
      parameters: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    },
  },
];

/** How an answer begins, and how it ends; between them are words. */
const ANSWERS: [what: string, template: string, begin: string, end: string][] = [
  ['text', 'Qwen-Qwen2.5-7B', '', ''],
  [
    'arguments as JSON',
    'Qwen-Qwen2.5-7B',
    '<tool_call>\n{"name": "write", "arguments": {"text": "',
    '"}}\n</tool_call>',
  ],
  [
    'arguments between tags',
    'Qwen3-Coder',
    '<tool_call>\n<function=write>\n<parameter=text>\n',
    '\n</parameter>\n</function>\n</tool_call>',
  ],
];

/** Taking an answer apart while it is written, with a tool: what a token costs, in answers of 100 to 10,000 of them. */
export async function measureAnswers(runs: number): Promise<Table> {
  const rows: Table['rows'] = [];
  for (const [what, template, begin, end] of ANSWERS) {
    const chatTemplate = llamaTemplates().find(([name]) => name.includes(template))?.[1] ?? '';
    const engine = await loadBinding().loadEngine(
      engineOptions(randomModel({ layers: 1, embedding: 64, heads: 2, kvHeads: 1, feedForward: 64 }), { chatTemplate }),
      () => {},
      () => {},
      new Int32Array(new SharedArrayBuffer(4)),
    );
    const messages = [{ role: 'user', content: 'x' }];
    const { format } = await engine.renderChat({ ...CHAT_DEFAULTS, messages, tools, addGenerationPrompt: true });
    const costs = LENGTHS.map((tokens) => {
      const words = 'some words of it, '.repeat(Math.ceil((tokens * PIECE) / 18));
      const text = `${begin}${words}${end}`;
      const pieces = Array.from({ length: Math.ceil(text.length / PIECE) }, (_, at) =>
        text.slice(at * PIECE, at * PIECE + PIECE),
      );
      const micros = Array.from({ length: 3 * runs }, () => {
        const times = Math.max(...LENGTHS) / tokens; // the clock is coarse: as many tokens of each length
        const before = mainThreadMicros();
        for (let time = 0; time < times; time++) engine.parseChat(format, pieces);
        return (mainThreadMicros() - before) / pieces.length / times;
      });
      return median(micros);
    });
    rows.push([what, ...costs]);
    await engine.close();
  }
  const columns = ['answer', ...LENGTHS.map((tokens) => `us a token of ${tokens}`)];
  return { title: 'answers taken apart', columns, rows };
}
