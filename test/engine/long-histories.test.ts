import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { errorOf } from '../support/expect-code.js';

// A conversation of a long day renders, also where the template looks back over all messages for each of them.
// LONG_HISTORIES=all tries every template, and prints how long each takes.

const WIDE = process.env.LONG_HISTORIES === 'all';
const FEW = ['QwQ', 'Hermes-2-Pro', 'MiniMax-M2', 'Mistral-Small', 'Cohere2MoE', 'DeepSeek-V3.2', 'gpt-oss', 'Reka'];
const TEMPLATES = llamaTemplates().filter(([name]) => WIDE || FEW.some((few) => name.includes(few)));
const parameters = { type: 'object', properties: { pattern: { type: 'string' } }, required: ['pattern'] };
const tools = [{ name: 'glob', description: 'Finds files', parameters }];

function talk(count: number): ChatMessage[] {
  return Array.from({ length: count + 1 }, (_, n) => ({
    ...{ role: n % 2 ? ('assistant' as const) : ('user' as const), content: `message ${n}` },
  }));
}

/** A question, calls one after the other with their results, a question. */
function calls(count: number): ChatMessage[] {
  const steps = Array.from({ length: count }, (_, n): ChatMessage[] => {
    const call = {
      id: `call${String(n).padStart(5, '0')}`,
      name: 'glob',
      arguments: `{"pattern":"p${n}"}`,
      input: { pattern: `p${n}` },
    };
    return [
      { role: 'assistant', content: '', toolCalls: [call] },
      { role: 'tool', toolCallId: call.id, name: call.name, content: `found ${n}` },
    ];
  });
  const [first, last] = ['Find all.', 'And now?'].map((content): ChatMessage => ({ role: 'user', content }));
  return [{ role: 'system', content: 'S' }, first as ChatMessage, ...steps.flat(), last as ChatMessage];
}

describe.each(TEMPLATES)('%s', (name, chatTemplate) => {
  test('messages by the thousand, and calls', { timeout: 300_000 }, async () => {
    const model = { ...RAMBLING_MODEL, context: 262_144 };
    await using engine = await openEngine(model, { chatTemplate, kvTokens: 262_144 });
    for (const messages of [talk(2_000), calls(1_000)]) {
      const start = performance.now();
      const { promptTokens } = await engine.explain(messages, { tools });
      if (WIDE) console.log(name, messages.length, promptTokens, Math.round(performance.now() - start));
      expect(promptTokens).toBeGreaterThan(messages.length);
    }
  });
});

test('a hostile template ends within seconds, however long the conversation', { timeout: 60_000 }, async () => {
  const chatTemplate =
    '{% for m in messages %}{{ m.content }}{% endfor %}{% if messages|length > 100 %}{% for i in range(1000000000) %}{{ i }}{% endfor %}{% endif %}';
  await using engine = await openEngine(RAMBLING_MODEL, { chatTemplate });
  const start = performance.now();
  expect((await errorOf(() => engine.explain(talk(2_000)))).code).toBe('INVALID_TEMPLATE');
  expect(performance.now() - start).toBeLessThan(45_000);
});
