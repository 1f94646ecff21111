import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { Engine } from '../../src/engine/engine.js';
import { errorOf } from '../support/expect-code.js';
import { MemoryJournal } from '../support/memory-journal.js';

// What a request may ask beside its answer: biases, no answer at all, the logprobs of its prompt. On the embedded model.

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load();
});
afterAll(() => engine.close());

const PROMPT = 'The ferry to';
const asked = { temperature: 0, maxTokens: 8 };
const same = (tokens: Iterable<number>, bias: number) => Object.fromEntries([...tokens].map((token) => [token, bias]));

describe('logitBias', () => {
  test('what is banned does not come, what is wanted does, also in a session and when it is sampled', async () => {
    const { tokens, text } = await engine.generate(PROMPT, asked);
    const other = await engine.generate(PROMPT, { ...asked, logitBias: same(tokens, -100) });
    expect(other.tokens.filter((token) => tokens.includes(token))).toEqual([]);
    const [wanted] = engine.tokenize('Oslo') as unknown as [number];
    for (const temperature of [0, 1]) {
      const logitBias = { [wanted]: 100 };
      const forced = await engine.generate(PROMPT, { temperature, maxTokens: 3, logitBias });
      expect(forced.tokens).toEqual([wanted, wanted, wanted]);
      await using session = engine.session();
      expect((await session.generate(PROMPT, { temperature, maxTokens: 3, logitBias })).tokens).toEqual(forced.tokens);
    }
    expect((await engine.generate(PROMPT, { ...asked, logitBias: {} })).text).toBe(text);
  });

  test('it steers within a grammar and a schema, and frees nothing that they forbid', async () => {
    const [no] = engine.tokenize('no') as unknown as [number];
    const loud = same(engine.tokenize('Oslo ferry'), 100);
    for (const temperature of [0, 1, 2]) {
      const free = { temperature, seed: 5, grammar: 'root ::= "yes" | "no"' };
      expect(['yes', 'no']).toContain((await engine.generate(PROMPT, { ...free, logitBias: loud })).text);
      expect((await engine.generate(PROMPT, { ...free, logitBias: { ...loud, [no]: 100 } })).text).toBe('no');
      const schema = { type: 'array', items: { type: 'boolean' }, maxItems: 2 } as const;
      const { object } = await engine.generate(PROMPT, { temperature, seed: 5, schema, logitBias: loud });
      expect(Array.isArray(object)).toBe(true);
    }
    // All that the grammar allows is pushed down: it still is all that may come.
    const down = same([...Array(1_024).keys()], -100);
    const { text } = await engine.generate(PROMPT, { temperature: 0, grammar: 'root ::= "yes"', logitBias: down });
    expect(text).toBe('yes');
  });

  test('logprobs are the model\u2019s own', async () => {
    const plain = await engine.generate(PROMPT, { ...asked, maxTokens: 1, logprobs: 5 });
    const second = plain.logprobs[0]?.top[1];
    const logitBias = { [String(second?.token)]: 100 };
    const biased = await engine.generate(PROMPT, { ...asked, maxTokens: 1, logprobs: 5, logitBias });
    expect(biased.tokens).toEqual([second?.token]);
    expect(biased.logprobs[0]?.logprob).toBeCloseTo(second?.logprob ?? 0, 4);
  });

  test('whatever it holds, the request is answered or refused by name, and the engine goes on', async () => {
    const [last] = engine.tokenize('Oslo');
    const keys = fc.oneof(
      fc.nat(100).map(String),
      fc.constantFrom('999999', '__proto__', 'a', '-1', '1.5', String(last)),
    );
    const values = fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.anything());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keys, values), { maxLength: 4 }), async (entries) => {
        const logitBias = Object.fromEntries(entries) as Record<number, number>;
        const ok = entries.every(([key, value]) => /^\d+$/.test(key) && key !== '999999' && isBias(value));
        const error = await errorOf(async () => engine.generate(PROMPT, { ...asked, maxTokens: 1, logitBias })).catch(
          () => undefined,
        );
        if (Object.keys(logitBias).length === entries.length) expect(error === undefined).toBe(ok);
        if (error) expect(error).toMatchObject({ code: 'INVALID_OPTION', field: expect.stringMatching(/^logitBias/) });
      }),
      { seed: 3, numRuns: 100 },
    );
    expect((await engine.generate(PROMPT, asked)).tokens).toHaveLength(8);
  });
});

const isBias = (value: unknown) => typeof value === 'number' && Math.abs(value) <= 100;

describe('maxTokens 0', () => {
  const system = { role: 'system' as const, content: 'You know ferries. '.repeat(40) };
  const question = 'Which one goes to Oslo?';

  test('computes the prompt, caches it, and says nothing', async () => {
    const messages = [system, { role: 'user' as const, content: question }];
    const warm = await engine.generate(messages, { maxTokens: 0, logprobs: 2 });
    expect(warm).toMatchObject({ text: '', tokens: [], logprobs: [], toolCalls: [], finishReason: 'length' });
    const { promptTokens, cachedTokens, computedTokens, outputTokens } = warm.usage;
    expect([outputTokens, computedTokens]).toEqual([0, promptTokens - (cachedTokens ?? 0)]);
    expect(cachedTokens).toBeLessThan(2); // the beginning that all prompts have
    const { usage } = await engine.generate(messages, asked);
    expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
    const schema = { type: 'object' } as const;
    expect((await engine.generate(messages, { maxTokens: 0, schema })).object).toBeUndefined();
  });

  test('a session stays as it was, and its next turn finds the prompt in the cache', async () => {
    await using session = engine.session({ messages: [system], temperature: 0 });
    await using plain = engine.session({ messages: [system], temperature: 0 });
    for (const text of ['Where am I?', question, 'And back?']) {
      const [tokens, { messages, lastTurn }] = [session.tokens, session];
      for (let times = 0; times < 2; times++) {
        expect(await session.generate(text, { maxTokens: 0 })).toMatchObject({ tokens: [], finishReason: 'length' });
        expect([session.tokens, session.messages, session.lastTurn]).toEqual([tokens, messages, lastTurn]);
      }
      const { usage } = await session.generate(text, { maxTokens: 6 });
      expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
      await plain.generate(text, { maxTokens: 6 });
    }
    expect(session.tokens).toEqual(plain.tokens);
  });

  test('an agent warms its prompt, and a run on record of that goes on', async () => {
    const journal = new MemoryJournal();
    const agent = new Agent({ engine, system: `${system.content} Be brief.`, maxTokens: 0 });
    const run = agent.run(question, { journal });
    expect(await run).toMatchObject({ text: '', stopReason: 'max-tokens', steps: [{ finishReason: 'length' }] });
    expect(run.session.tokens).toHaveLength(0);
    const again = agent.resume(journal);
    expect(await again).toMatchObject({ text: '', stopReason: 'max-tokens', steps: [{ finishReason: 'length' }] });
    expect(again.session.tokens).toHaveLength(0);
    const { steps } = await new Agent({ engine, system: `${system.content} Be brief.`, maxTokens: 4 }).run(question);
    const [{ usage }] = steps as [(typeof steps)[number]];
    expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
  });
});

describe('promptLogprobs', () => {
  test('of each token but the first, as when the model said them; alone, in company, in a session', async () => {
    const said = await engine.generate(PROMPT, { ...asked, logprobs: 2 });
    const prompt = [...engine.tokenize(PROMPT, { addSpecial: true })];
    const whole = [...prompt, ...said.tokens];
    const all = await Promise.all([
      engine.generate(whole, { maxTokens: 0, promptLogprobs: 2 }),
      engine.generate(whole, { maxTokens: 3, promptLogprobs: 2 }),
      engine.generate(whole, asked),
    ]);
    expect(all[2].promptLogprobs).toEqual([]);
    for (const { promptLogprobs, usage } of all.slice(0, 2)) {
      expect(promptLogprobs.map(({ token }) => token)).toEqual(whole.slice(1));
      expect(usage.cachedTokens).toBe(0);
      for (const [at, { logprob, token }] of said.logprobs.entries()) {
        const score = promptLogprobs[prompt.length - 1 + at];
        expect(score?.token).toBe(token);
        expect(Math.abs((score?.logprob ?? 0) - logprob)).toBeLessThan(0.01);
        expect(score?.top).toHaveLength(2);
      }
    }
    await using session = engine.session();
    const turn = await session.generate(PROMPT, { ...asked, promptLogprobs: 0 });
    expect(turn.promptLogprobs).toHaveLength(turn.usage.promptTokens - 1);
    expect(turn.promptLogprobs.map(({ token }) => token)).toEqual([
      ...session.tokens.subarray(1, turn.usage.promptTokens),
    ]);
  });

  test('a prompt of one token has none', async () => {
    const [token] = engine.tokenize('Oslo');
    expect((await engine.generate([token as number], { maxTokens: 1, promptLogprobs: 5 })).promptLogprobs).toEqual([]);
  });
});

describe('ignoreEos', () => {
  test('an answer goes on to its limit, also where the model would end; a stop text still ends it', async () => {
    const messages = [{ role: 'user' as const, content: 'Hi' }];
    const ended = await engine.generate(messages, { temperature: 0, maxTokens: 300 });
    expect(ended.finishReason).toBe('stop');
    const on = await engine.generate(messages, { temperature: 0, maxTokens: 300, ignoreEos: true });
    expect([on.finishReason, on.usage.outputTokens]).toEqual(['length', 300]);
    const said = [...on.text].slice(0, 6).join('');
    const stopped = await engine.generate(messages, { temperature: 0, maxTokens: 300, ignoreEos: true, stop: said });
    expect([stopped.finishReason, stopped.text]).toEqual(['stop-sequence', '']);
  });

  test('an answer that has an end of its own excludes it', async () => {
    const tool = { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} } };
    const refused = { code: 'INVALID_OPTION', field: 'ignoreEos' };
    for (const more of [{ schema: { type: 'integer' } }, { grammar: 'root ::= "a"' }, { tools: [tool] }]) {
      const asking = () => engine.generate([{ role: 'user', content: 'Hi' }], { ...more, ignoreEos: true });
      expect(await errorOf(asking)).toMatchObject(refused);
    }
    await using session = engine.session({ tools: [tool] });
    expect(await errorOf(() => session.generate('Hi', { ignoreEos: true }))).toMatchObject(refused);
  });
});
