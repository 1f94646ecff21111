import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import { toConversation } from '../../src/chat/conversation.js';
import { SUMMARY_MARK } from '../../src/chat/overflow/summary.js';
import { Engine } from '../../src/engine/engine.js';
import type { Session } from '../../src/engine/session.js';
import type { SessionOptions } from '../../src/engine/session-options.js';
import type { Turn } from '../../src/engine/turn.js';
import type { Answer } from '../../testing/engine/scripted-answer.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { expectPaired, messagesOf, result, said, ADDER as tools, turn } from '../support/random-turns.js';

const ORDER = 'SUMMARISE';
const overflow = { summaryPrompt: ORDER };

/** A session in a small context; a script answers all but orders to summarise, which get `summary`. */
function opened(
  options: SessionOptions,
  script: Script = () => 'Yes.',
  summary: (n: number) => Answer | string = (n) => `summary ${n}`,
) {
  let summaries = 0;
  const { engine, native } = scripted((prompt, request) =>
    prompt.includes(`<|user|>${ORDER}`) ? summary(++summaries) : script(prompt, request),
  );
  Object.assign(native.info, { maxContext: 400 });
  return { engine, native, session: engine.session({ system: 'S', ...options }) };
}

const question = (n: number) => `question ${n} ..........`;

/** Asks until the session has made room once; what it was before that, and the result of that turn. */
async function untilRoomIsMade(session: Session) {
  for (let turn = 0; turn < 60; turn++) {
    const [tokens, messages] = [session.tokens, session.messages];
    const answer = await session.generate(question(turn));
    if (answer.context) return { turn, tokens, messages, answer, change: answer.context };
  }
  throw new Error('no room was made');
}

describe('compact', () => {
  const compact = { onOverflow: 'compact', overflow } as const;

  test('a summary takes the place of the turns between the first and the last ones, and the result says so', async () => {
    const { native, session } = opened(compact);
    const { turn, tokens, messages, answer, change } = await untilRoomIsMade(session);
    expect(said(session)).toEqual([
      ...['system: S', `user: ${question(0)}`, `user: ${SUMMARY_MARK}\nsummary 1`],
      ...[`assistant: Yes.`, `user: ${question(turn - 1)}`, 'assistant: Yes.', `user: ${question(turn)}`],
      'assistant: Yes.',
    ]);
    const order = native.requests.at(-2);
    expect([...(order?.prompt ?? [])].slice(0, tokens.length)).toEqual([...tokens]); // the fork shares all pages
    expect(change).toEqual({
      dropped: messages.length + 1 - (session.messages.length - 2),
      shortened: 0,
      summary: { text: 'summary 1', unseen: 0, usage: expect.objectContaining({ promptTokens: order?.prompt.length }) },
      before: tokens.length,
      after: answer.usage.promptTokens,
    });
    expect(change.summary?.usage.cachedTokens).toBeGreaterThanOrEqual(tokens.length - 1);
    expect(change.after).toBeLessThanOrEqual(200);
  });

  test('readers hear of it before the first token; a later summary takes the place of the one before', async () => {
    const { session } = opened(compact);
    const seen: string[] = [];
    for (let turn = 0; turn < 30; turn++) {
      const events: string[] = [];
      for await (const event of session.generate(question(turn))) events.push(event.type);
      if (events.includes('context')) expect(events.indexOf('context')).toBe(0);
      expect(said(session)[1]).toBe(`user: ${question(0)}`);
      const summaries = session.messages.filter(({ content }) => content.startsWith(SUMMARY_MARK));
      expect(summaries.length).toBeLessThan(2);
      seen.push(...summaries.map(({ content }) => content));
    }
    expect(new Set(seen).size).toBeGreaterThan(3);
  });

  test('calls keep their results; whose result is not there yet is not called cancelled', async () => {
    const orders: string[] = [];
    const { engine, native } = scripted((prompt) => {
      if (!prompt.includes(`<|user|>${ORDER}`)) return callText('c1', 'add', '{"a":1}');
      orders.push(prompt);
      return 'so far';
    });
    Object.assign(native.info, { maxContext: 1_600 });
    const session = engine.session({ ...compact, tools });
    let calls = (await session.generate('THE TASK')).toolCalls;
    for (let step = 0; step < 40; step++) {
      calls = (await session.generate(calls.map((call) => result(call, `result ${step}`)))).toolCalls;
      expectPaired(session.messages);
      expect(said(session)[0]).toBe('user: THE TASK');
      expect(said(session).join()).toContain(`result ${step}`);
    }
    expect(orders.length).toBeGreaterThan(1);
    for (const order of orders) {
      expect(order).toMatch(
        /<\|tool\|>The result comes later.<\|end\|>\n<\|user\|>SUMMARISE<\|end\|>\n<\|assistant\|>$/,
      );
      expect(order).not.toContain('cancelled');
    }
  });

  test.each([
    ['cancelled', (session: Session) => session.generate(question(99)).cancel],
    ['closed', (session: Session) => () => void session.close()],
  ])('one that is %s while the summary is written leaves the session as it was', async (how) => {
    const { native, session } = opened(compact, undefined, () => ({ steps: Array<string>(1e6).fill('word ') }));
    let turn = 0;
    while (native.requests.at(-1)?.prompt.length !== session.tokens.length + ORDER.length) {
      const [tokens, messages] = [session.tokens, session.messages];
      const generation = session.generate(question(turn++));
      const asked = native.requests.length;
      const done = generation.then(({ finishReason }) => finishReason);
      while (native.requests.length === asked) await new Promise(setImmediate);
      const request = native.requests.at(-1)?.prompt ?? [];
      if (!String.fromCodePoint(...[...request].map((id) => Math.max(0, id - 100))).includes(ORDER)) {
        await done;
        continue;
      }
      if (how === 'cancelled') generation.cancel();
      else void session.close();
      expect(await done).toBe('cancelled');
      expect(native.cancelled).toEqual([native.requests.length]);
      expect([session.tokens, session.messages]).toEqual([tokens, messages]);
      return;
    }
  });

  test('its signal rejects with ABORTED, a failed summary with its own error; both leave the session as it was', async () => {
    const failing = opened(compact, undefined, () => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } }));
    let before: unknown[] = [];
    const code = await codeOf(async () => {
      for (let turn = 0; ; turn++) {
        before = [failing.session.tokens, failing.session.messages];
        await failing.session.generate(question(turn));
      }
    });
    expect(code).toBe('STEP_FAILED');
    expect([failing.session.tokens, failing.session.messages]).toEqual(before);
    const stop = new AbortController();
    const aborted = opened(compact, undefined, () => {
      setImmediate(() => stop.abort());
      return { steps: Array<string>(1e6).fill('word ') };
    });
    const asked = async () => {
      for (let turn = 0; ; turn++) await aborted.session.generate(question(turn), { signal: stop.signal });
    };
    expect(await codeOf(asked)).toBe('ABORTED');
    expect(aborted.session.busy).toBe(false);
  });

  test('a summary that says nothing leaves none, and the result says so', async () => {
    const { session } = opened(compact, undefined, () => ' ');
    const { change } = await untilRoomIsMade(session);
    expect(change).toMatchObject({ summary: undefined });
    expect(change.dropped).toBeGreaterThan(0);
    expect(said(session).join()).not.toContain(SUMMARY_MARK);
  });

  test('counting tokens runs nothing', async () => {
    const { native, session } = opened(compact);
    await untilRoomIsMade(session);
    for (let turn = 0; turn < 20; turn++) {
      const asked = native.requests.length;
      await session.countTokens(question(turn));
      expect(native.requests.length).toBe(asked);
      await session.generate(question(turn));
    }
  });
});

describe('window and results', () => {
  test('a window keeps the first and the last turns', async () => {
    const { session } = opened({ onOverflow: 'window', overflow: { first: 2, last: 3 } });
    const { turn, change } = await untilRoomIsMade(session);
    expect(said(session)).toEqual([
      ...['system: S', `user: ${question(0)}`, 'assistant: Yes.'],
      ...[`user: ${question(turn - 1)}`, 'assistant: Yes.', `user: ${question(turn)}`, 'assistant: Yes.'],
    ]);
    expect(change).toMatchObject({ summary: undefined, shortened: 0 });
  });

  test('a window that does not fit gets smaller, the task stays', async () => {
    const { session } = opened({ onOverflow: 'window', overflow: { last: 1_024 } });
    await session.generate('THE TASK');
    for (let turn = 0; turn < 30; turn++) {
      await session.generate(question(turn));
      expect(said(session)[1]).toBe('user: THE TASK');
      expect(session.tokens.length).toBeLessThanOrEqual(400);
    }
  });

  const calling = (options: SessionOptions) => opened({ ...options, tools }, () => callText('c1', 'add', '{"a":1}'));

  test('results of older turns are cut once, and nothing else goes', async () => {
    const { session, native } = calling({ onOverflow: 'results', overflow: { last: 2, oldResults: 64 } });
    Object.assign(native.info, { maxContext: 2_400 });
    let calls = (await session.generate('THE TASK')).toolCalls;
    const shortened: number[] = [];
    for (let step = 0; step < 8; step++) {
      const { context, toolCalls } = await session.generate(calls.map((call) => result(call, `${step}`.repeat(200))));
      calls = toolCalls;
      if (context) shortened.push(context.shortened);
      const lengths = session.messages.filter(({ role }) => role === 'tool').map(({ content }) => content.length);
      expect(lengths.at(-1)).toBe(200);
      if (context) expect(lengths.slice(0, -2).every((length) => length <= 64)).toBe(true);
      expectPaired(session.messages);
    }
    expect(shortened.length).toBeGreaterThan(0);
    expect(said(session).join()).toContain('characters]');
    expect(session.messages.length).toBe(19); // system, task, answer, and two a step
  });

  test('without enough old results it rejects, and the session stays as it was', async () => {
    const { session } = opened({ onOverflow: 'results' });
    let before = session.tokens;
    const asked = async () => {
      for (let turn = 0; ; turn++) {
        before = session.tokens;
        await session.generate(question(turn));
      }
    };
    expect(await codeOf(asked)).toBe('PROMPT_TOO_LONG');
    expect(session.tokens).toEqual(before);
  });
});

test.each<[string, SessionOptions]>([
  ['overflow.first', { onOverflow: 'error', overflow: { first: 1 } }],
  ['overflow.first', { onOverflow: 'window', overflow: { first: -1 } }],
  ['overflow.summaryTokens', { onOverflow: 'window', overflow: { summaryTokens: 100 } }],
  ['overflow.summaryPrompt', { onOverflow: 'trim', overflow: { summaryPrompt: 'x' } }],
  ['overflow.oldResults', { onOverflow: 'compact', overflow: { oldResults: 1 } }],
  ['last_turns', { onOverflow: 'compact', overflow: { last_turns: 1 } as never }],
])('%s that is wrong, or would mean nothing, is refused', async (field, options) => {
  const { engine } = scripted(() => 'ok');
  expect(await errorOf(() => engine.session(options))).toMatchObject({ code: 'INVALID_OPTION', field });
});

const MODES: SessionOptions[] = [
  { onOverflow: 'trim', overflow: { first: 1 } },
  { onOverflow: 'window', overflow: { last: 2, oldResults: 64 } },
  { onOverflow: 'compact', overflow: { ...overflow, oldResults: 64 } },
  { onOverflow: 'compact', overflow: { ...overflow, last: 1, first: 0 } },
];

test.each(MODES)('turns that were restored are the turns themselves: %j', async (options) => {
  const script: Script = (_, { prompt }) => (prompt.length % 3 === 0 ? 'Yes.' : callText('c1', 'add', '{"a":1}'));
  const make = () => {
    const made = opened({ ...options, tools }, script);
    Object.assign(made.native.info, { maxContext: 900 });
    return made.session;
  };
  const original = make();
  const turns: [ChatMessage[], Turn][] = [];
  let calls: readonly ToolCall[] = [];
  let changes = 0;
  for (let turn = 0; turn < 24; turn++) {
    const now: ChatMessage[] = calls.map((call) => result(call, 'word '.repeat(20)));
    if (now.length === 0) now.push({ role: 'user', content: question(turn) });
    const answer = await original.generate(now);
    calls = answer.toolCalls;
    if (answer.context) changes++;
    turns.push([now, JSON.parse(JSON.stringify(original.lastTurn))]);
  }
  expect(changes).toBeGreaterThan(1);
  const copy = make();
  for (const [message, turn] of turns) copy.restore(message, turn);
  expect([copy.tokens, copy.messages, copy.lastTurn]).toEqual([original.tokens, original.messages, original.lastTurn]);
  const other = opened({ onOverflow: 'trim', tools }).session;
  const restored = () => {
    for (const [message, turn] of turns) other.restore(message, turn);
  };
  if (turns.some(([, { shortened = 0 }]) => shortened > 0)) {
    expect(await errorOf(restored)).toMatchObject({ code: 'INVALID_OPTION', field: 'turn.shortened' });
  }
});

describe('on the embedded model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ maxContext: 768, kvTokens: 2_304, threads: 1 });
  });
  afterAll(() => engine.close());

  test.each(['results', 'trim', 'window', 'compact'] as const)(
    '%s: a message longer than the context is refused',
    async (onOverflow) => {
      const session = engine.session({ onOverflow, maxTokens: 8 });
      await session.generate('Hello');
      const before = [session.tokens, session.messages];
      expect(await codeOf(() => session.generate('word '.repeat(900)))).toBe('PROMPT_TOO_LONG');
      expect([session.tokens, session.messages]).toEqual(before);
      expect((await session.generate('Hello again')).usage.outputTokens).toBeGreaterThan(0);
    },
  );

  const modes = fc.constantFrom<SessionOptions>(
    { onOverflow: 'window' },
    { onOverflow: 'window', overflow: { first: 3, last: 2, oldResults: 100 } },
    { onOverflow: 'trim', overflow: { first: 1, oldResults: 64 } },
    { onOverflow: 'compact' },
    { onOverflow: 'compact', overflow: { first: 2, last: 1, summaryTokens: 40, oldResults: 64 } },
  );

  test('random histories: what stays is well-formed, and the numbers add up', { timeout: 180_000 }, async () => {
    let [changes, summaries] = [0, 0];
    const history = fc.array(turn, { minLength: 4, maxLength: 12 });
    const property = fc.asyncProperty(modes, history, async (mode, turns) => {
      let session = engine.session({ system: 'Be brief.', tools, temperature: 1.2, ...mode });
      let calls: readonly ToolCall[] = [];
      await session.generate('THE TASK', { seed: 1, maxTokens: 8 });
      for (const [index, random] of turns.entries()) {
        const { toolChoice, maxTokens, again } = random;
        const now = messagesOf(random, index, calls, session);
        const past = session.tokens.length;
        const all = toConversation([...session.messages, ...now]);
        const { usage, context, toolCalls } = await session.generate(now, { toolChoice, maxTokens, seed: index });
        calls = toolCalls;
        const { dropped = 0, shortened = 0, summary } = context ?? {};
        const messages = session.messages;
        expect(messages.length).toBe(all.length - dropped + (summary ? 1 : 0) + 1);
        expect(messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
        expect(messages[1]).toEqual({ role: 'user', content: 'THE TASK' });
        for (const message of now) expect(messages.map(({ content }) => content)).toContain(message.content);
        expectPaired(messages);
        expect(session.tokens.length).toBeLessThanOrEqual(768);
        expect(usage.promptTokens + usage.outputTokens).toBe(session.tokens.length);
        if (context) {
          changes++;
          expect(dropped + shortened).toBeGreaterThan(0);
          expect(context).toMatchObject({ before: past, after: usage.promptTokens });
        } else expect(usage.promptTokens).toBeGreaterThan(past);
        if (summary) {
          summaries++;
          expect(messages.filter(({ content }) => content === `${SUMMARY_MARK}\n${summary.text}`)).toHaveLength(1);
          expect((summary.usage.cachedTokens ?? 0) + summary.usage.computedTokens).toBeGreaterThan(0);
        }
        await engine.explain(messages, { tools });
        if (again) session = session.fork();
      }
    });
    await fc.assert(property, { numRuns: Number(process.env.TRIM_RUNS ?? 12), seed: 7 });
    expect(changes).toBeGreaterThan(8);
    expect(summaries).toBeGreaterThan(2);
  });
});
