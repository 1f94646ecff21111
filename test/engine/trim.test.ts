import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatMessage, ToolCall } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import type { Turn } from '../../src/engine/turn.js';
import { asBanyanError } from '../../src/kit/errors.js';
import { type Script, scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { codeOf, errorOf } from '../support/expect-code.js';
import { expectPaired, messagesOf, result, said, ADDER as tools, turn } from '../support/random-turns.js';

describe('what is forgotten', () => {
  const opened = (maxContext: number, script: Script = () => 'Yes.') => {
    const { engine, native } = scripted(script);
    Object.assign(native.info, { maxContext });
    const session = engine.session({ system: 'S', onOverflow: 'trim' });
    return {
      engine,
      native,
      session,
      prompt: () => engine.detokenize(native.requests.at(-1)?.prompt ?? [], { special: true }),
    };
  };

  test('the oldest go until half the context is free; then turns are appended as before', async () => {
    const { native, session, prompt } = opened(200);
    const dropped: (number | undefined)[] = [];
    for (let turn = 0; turn < 24; turn++) {
      const { usage } = await session.generate(`question ${turn} ..........`);
      dropped.push(session.lastTurn?.dropped);
      expect(usage.promptTokens).toBeLessThanOrEqual(175);
      if (session.lastTurn?.dropped) expect(usage.promptTokens).toBeLessThanOrEqual(100);
      expect(said(session)[0]).toBe('system: S');
      expect(said(session)[1]).toMatch(/^user/);
      expect(prompt()).toContain(`question ${turn} `);
      const whole = await native.renderChat({
        messages: session.messages.map(({ role, content }) => ({ role, content })),
        tools: [],
        addGenerationPrompt: false,
      } as never);
      expect(`${prompt()}Yes.<|end|>\n`).toBe(whole.prompt);
    }
    expect(dropped.filter((count) => count === 0).length).toBeGreaterThan(12);
    expect(dropped.filter((count) => Number(count) > 0).length).toBeGreaterThan(3);
  });

  test('the last question and the last calls with their results stay, between them the oldest calls go', async () => {
    const { session, prompt } = opened(400, () => callText('c1', 'add', '{"a":1}'));
    let calls = (await session.generate('THE TASK')).toolCalls;
    for (let step = 0; step < 20; step++) {
      calls = (await session.generate(calls.map((call) => result(call, `result ${step}`)))).toolCalls;
      expect(prompt()).toContain('<|user|>THE TASK');
      expect(prompt()).toContain(`result ${step}<`);
      expect(prompt().split('[call').length).toBe(prompt().split('<|tool|>').length);
    }
    expect(session.messages.length).toBeLessThan(24);
    expect(prompt()).not.toContain('result 3<');
  });

  test('a long opening is forgotten too; what is said now is not, even if it is too long', async () => {
    const { engine, prompt } = opened(200);
    const messages: ChatMessage[] = Array.from({ length: 40 }, (_, n) => ({
      ...{ role: n % 2 ? ('assistant' as const) : ('user' as const), content: `message ${n}` },
    }));
    const session = engine.session({ system: 'S', messages, onOverflow: 'trim' });
    await session.generate('now');
    expect(prompt()).toMatch(/^<s><\|system\|>S<\|end\|>\n<\|user\|>message 3\d/);
    await session.generate([
      { role: 'user', content: `one ${'x'.repeat(150)}` },
      { role: 'user', content: 'two' },
    ]);
    expect(prompt()).toMatch(
      /^<s><\|system\|>S<\|end\|>\n<\|user\|>one x+<\|end\|>\n<\|user\|>two<\|end\|>\n<\|assistant\|>$/,
    );
  });

  test('restored turns forget the same; a count that cannot be is refused', async () => {
    const original = opened(200).session;
    const turns: [string, Turn][] = [];
    for (let turn = 0; turn < 20; turn++) {
      await original.generate(`question ${turn} ..........`);
      turns.push([`question ${turn} ..........`, JSON.parse(JSON.stringify(original.lastTurn))]);
    }
    const copy = opened(200).session;
    for (const [message, turn] of turns) copy.restore(message, turn);
    expect([copy.tokens, copy.messages, copy.lastTurn]).toEqual([
      original.tokens,
      original.messages,
      original.lastTurn,
    ]);
    const wrong = { ...(turns[0]?.[1] as Turn), dropped: 99 };
    expect(await errorOf(() => copy.restore('x', wrong))).toMatchObject({
      code: 'INVALID_OPTION',
      field: 'turn.dropped',
    });
    expect(copy.messages).toEqual(original.messages);
  });

  test('a fork forgets for itself', async () => {
    const { session } = opened(200);
    for (let turn = 0; turn < 4; turn++) await session.generate(`question ${turn} ..........`);
    const before = [session.tokens, session.messages];
    const fork = session.fork();
    for (let turn = 0; turn < 4; turn++) await fork.generate(`other ${turn} ..........`);
    expect([session.tokens, session.messages]).toEqual(before);
    expect(said(fork).join()).not.toContain('question 0');
    await fork.close();
  });

  test('an option that does not exist is refused', async () => {
    const { engine } = scripted(() => 'ok');
    const wrong = () => engine.session({ onOverflow: 'shift' as never });
    expect(await errorOf(wrong)).toMatchObject({ code: 'INVALID_OPTION', field: 'onOverflow' });
  });
});

describe('on the embedded model', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ maxContext: 768, kvTokens: 2_304, threads: 1 });
  });
  afterAll(() => engine.close());

  test('without it, a full session rejects, and stays usable', async () => {
    const session = engine.session({ maxTokens: 8 });
    await session.generate('Hello');
    const before = session.tokens;
    expect(await codeOf(() => session.generate('word '.repeat(900)))).toBe('PROMPT_TOO_LONG');
    expect(session.tokens).toEqual(before);
    await session.generate('Hello again');
    let code = '';
    for (let turn = 0; turn < 60 && !code; turn++) {
      const long = session.generate(`Tell me of ${turn}: ${'word '.repeat(40)}`);
      await long.catch((reason) => {
        code = asBanyanError(reason).code;
      });
    }
    expect(code).toBe('PROMPT_TOO_LONG');
  });

  test('a turn after one that forgot computes only what is new', async () => {
    const session = engine.session({ system: 'Be brief.', onOverflow: 'trim', maxTokens: 8 });
    let trims = 0;
    let last = 0;
    for (let turn = 0; turn < 40; turn++) {
      const { usage } = await session.generate(`What is ${turn}? ${'word '.repeat(20)}`);
      if (session.lastTurn?.dropped) trims++;
      else expect(usage.cachedTokens).toBeGreaterThanOrEqual(last - 1);
      last = session.tokens.length;
    }
    expect(trims).toBeGreaterThan(1);
    expect(trims).toBeLessThan(10);
  });

  test('no sequence of turns is refused for its length', { timeout: 120_000 }, async () => {
    let trims = 0;
    const property = fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 14 }), async (turns) => {
      let session = engine.session({ system: 'Be brief.', tools, onOverflow: 'trim', temperature: 1.2 });
      let calls: readonly ToolCall[] = [];
      for (const [index, random] of turns.entries()) {
        const { toolChoice, maxTokens, again } = random;
        const now = messagesOf(random, index, calls, session);
        const answer = await session.generate(now, { toolChoice, maxTokens, seed: index });
        calls = answer.toolCalls;
        if (session.lastTurn?.dropped) trims++;
        expect(session.tokens.length).toBeLessThanOrEqual(768);
        expect(session.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
        for (const message of now) expect(session.messages.map(({ content }) => content)).toContain(message.content);
        expectPaired(session.messages);
        await engine.explain(session.messages, { tools });
        if (again) session = session.fork();
      }
    });
    await fc.assert(property, { numRuns: Number(process.env.TRIM_RUNS ?? 12), seed: 7 });
    expect(trims).toBeGreaterThan(5);
  });
});
