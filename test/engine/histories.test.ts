import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Session } from '../../src/engine/session.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';
import { HISTORIES } from '../support/history-shapes.js';

// Whatever an application holds as a conversation, and however a session's turns end: the next turn goes on, on the chat
// templates of some seventy real models. Every history is rendered by every template; sessions are taken on by each eighth,
// with HISTORY_ROUNDS=20 by all, and through that many random endings.

const WIDE = process.env.HISTORY_ROUNDS !== undefined;
const ROUNDS = Number(process.env.HISTORY_ROUNDS ?? 1);
const TEMPLATES = llamaTemplates().map(([name, source], index) => ({
  name,
  source,
  sessions: WIDE || index % 8 === 0 || name.includes('gemma-2-2b'),
}));
const tool = (name: string, properties: object, required: string[]) => ({
  ...{ name, description: `The ${name} tool` },
  parameters: { type: 'object', properties, required },
});
const text = { type: 'string', maxLength: 12 };
const TOOLS = [
  tool('glob', { pattern: text }, ['pattern']),
  tool('send', { to: text, amount: { type: 'number' } }, ['to']),
];

/** 0, 1, 2 ... below `n`, the same ones in every run. */
function dice(seed: number): (n: number) => number {
  let state = seed + 1;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const result = ({ id, name }: ToolCall, content = 'THE RESULT'): ChatMessage => ({
  ...{ role: 'tool', toolCallId: id, name, content },
});

/** What an application may do with a turn's calls: answer them in any order, some, none, and ask on. */
function reply(calls: readonly ToolCall[], roll: (n: number) => number): ChatMessage[] {
  const results = calls.map((call) => result(call));
  const some = [results, results.reverse(), results.slice(1), []][roll(4)] as ChatMessage[];
  const more: ChatMessage[] = [[], [{ role: 'user' as const, content: 'And now?' }]][roll(2)] ?? [];
  const odd: ChatMessage[] = roll(6) === 0 ? [{ role: 'system', content: 'Be brief.' }] : [];
  const all = [...some, ...more, ...odd];
  return all.length > 0 ? all : [{ role: 'user', content: 'Go on.' }];
}

describe.each(TEMPLATES)('$name', ({ source: chatTemplate, sessions }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ ...RAMBLING_MODEL, context: 16_384 }, { chatTemplate, kvTokens: 16_384 });
  });
  afterAll(() => engine.close());

  test('every history renders', async () => {
    const failed: string[] = [];
    for (const [what, messages] of Object.entries(HISTORIES)) {
      const answer = sessions
        ? engine.generate(messages, { tools: TOOLS, maxTokens: 1 })
        : engine.explain(messages, { tools: TOOLS });
      await Promise.resolve(answer).catch((reason) => failed.push(`${what}: ${reason}`));
    }
    expect(failed).toEqual([]);
  });

  test.runIf(sessions)('a session that begins with any history goes on', async () => {
    const failed: string[] = [];
    for (const [what, messages] of Object.entries(HISTORIES)) {
      const session = engine.session({ messages: messages.slice(0, -1), tools: TOOLS, maxTokens: 1 });
      const turns = async () => {
        await session.generate(messages.slice(-1));
        await session.generate('And now?');
      };
      await turns().catch((reason) => failed.push(`${what}: ${reason}`));
    }
    expect(failed).toEqual([]);
  });

  test.runIf(sessions)('a session goes on after any ending of a turn', { timeout: 600_000 }, async () => {
    const failed: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const session = engine.session({ system: 'S', tools: TOOLS });
      const past: unknown[] = [];
      await turns(session, dice(round), past).catch((reason) => failed.push(`${JSON.stringify(past)} -> ${reason}`));
    }
    expect(failed).toEqual([]);
  });
});

async function turns(session: Session, roll: (n: number) => number, past: unknown[]): Promise<void> {
  let next: ChatMessage[] = [{ role: 'user', content: 'Hi' }];
  for (let turn = 0; turn < 4; turn++) {
    const toolChoice = roll(4) > 0 ? 'required' : 'auto';
    const maxTokens = [3, 12, 30, 60, 200][roll(5)] ?? 1;
    past.push({ next, toolChoice, maxTokens });
    const answer = await session.generate(next, { toolChoice, maxTokens, temperature: 1.2, seed: roll(1000) });
    past.push({ text: answer.text, calls: answer.toolCalls, finish: answer.finishReason });
    next = reply(answer.toolCalls, roll);
  }
}
