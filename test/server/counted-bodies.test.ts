import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

// What count_tokens says of a body is what the same body as a message counts, whatever is in it: conversations that go on, and
// that the client made up. COUNTED_BODIES=10000 tries more of them.

const RUNS = Number(process.env.COUNTED_BODIES ?? 150);

const words = fc.constantFrom('Hello', ' ', '', 'x\n\ny', 'a longer text, with words', '<|end|>', 'æ\ud83d\ude00');
const mark = fc.constantFrom({}, {}, { cache_control: { type: 'ephemeral' } });
const block = fc.tuple(words, mark).map(([text, marked]) => ({ type: 'text', text, ...marked }));
const thought = fc.constant({ type: 'thinking', thinking: 'hm', signature: 'foreign' });
const use = fc.constantFrom('a', 'b').map((id) => ({ type: 'tool_use', id, name: 'f', input: { x: 1 } }));
const content = fc.oneof(words, fc.array(block, { minLength: 1, maxLength: 3 }));
const said = fc.array(fc.oneof(block, thought, use), { minLength: 1, maxLength: 3 });
const message = fc.oneof(
  content.map((given) => ({ role: 'user', content: given })),
  said.map((given) => ({ role: 'assistant', content: given })),
  fc.record({ role: fc.constant('system'), content: words }),
  fc.constantFrom('a', 'b').map((id) => {
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'result' }] };
  }),
);
const tool = fc.constantFrom('f', 'g.h', 'x'.repeat(70)).map((name) => ({ name, input_schema: { type: 'object' } }));
const body = fc.record(
  {
    messages: fc.array(message, { minLength: 1, maxLength: 6 }),
    system: content,
    tools: fc.uniqueArray(tool, { selector: ({ name }) => name, maxLength: 3 }),
    thinking: fc.constantFrom({ type: 'disabled' }, { type: 'enabled', budget_tokens: 9 }),
  },
  { requiredKeys: ['messages'] },
);

interface Answer {
  input_tokens: number;
  content: object[];
  usage: { input_tokens: number; cache_read_input_tokens: number; cache_creation_input_tokens: number };
}

test('counted is what is computed', { timeout: 60_000 + RUNS * 50 }, async () => {
  const rules = [{ name: 'long', pattern: '^a longer', action: 'move' as const }];
  const { engine } = scripted((_prompt, { chat }) => (chat ? `(hm)Hi${callText('c', 'f', '{"x":1}')}` : 'Hi'));
  await using server = await serve(engine, { port: 0, rules });
  const post = async (path: string, sent: object) => {
    const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(sent) });
    return { status: response.status, body: (await response.json()) as Answer };
  };
  const same = async (sent: { messages: object[] }) => {
    const counted = await post('/v1/messages/count_tokens', sent);
    const asked = await post('/v1/messages', { ...sent, max_tokens: 64 });
    expect(asked.status, JSON.stringify(sent)).toBe(counted.status);
    if (asked.status !== 200) return undefined;
    const {
      input_tokens: fresh,
      cache_read_input_tokens: read,
      cache_creation_input_tokens: written,
    } = asked.body.usage;
    expect(fresh + read + written, JSON.stringify(sent)).toBe(counted.body.input_tokens);
    return asked.body.content;
  };
  await fc.assert(
    fc.asyncProperty(body, async (sent) => {
      const answer = await same(sent);
      if (!answer) return;
      const results = [{ type: 'tool_result', tool_use_id: (answer.at(-1) as { id?: string }).id, content: '1' }];
      const isCall = (answer.at(-1) as { type: string }).type === 'tool_use';
      const next = { role: 'user', content: isCall ? results : 'And now?' };
      await same({ ...sent, messages: [...sent.messages, { role: 'assistant', content: answer }, next] });
    }),
    { numRuns: RUNS },
  );
});
