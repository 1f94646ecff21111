import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Doctor } from '../../src/doctor/doctor.js';
import { Pins } from '../../src/engine/pins/pins.js';
import { Agent, type ChatMessage, defineTool, Engine } from '../../src/index.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

// Marks of messages and tools: what has one stays, whatever else needs pages, until its time is over.

const TURN = { maxTokens: 8, temperature: 0 };
const LONG = `Keep this. ${'The ferry leaves at nine from the northern pier. '.repeat(20)}`;
const user = (content: string, cache?: ChatMessage['cache']): ChatMessage => ({ role: 'user', content, cache });

/** Prompts that need the whole of a small pool, as idle agents meet it when others work. */
async function pressure(engine: Engine): Promise<void> {
  for (const word of ['red', 'green', 'blue', 'grey', 'black', 'white', 'brown', 'pale']) {
    await engine.generate([user(`${word} `.repeat(250))], TURN);
  }
}

const small = () => Engine.load({ kvTokens: 2_048, threads: 1 });
const ask = (engine: Engine, messages: readonly ChatMessage[]) =>
  engine.generate(messages, TURN).then(({ usage }) => usage);

describe('under pressure', () => {
  test.each(['static', { ttlMs: 3_600_000 }] as const)(
    '%j stays to the token, without a mark it goes',
    async (cache) => {
      await using engine = await small();
      const marked = [user(LONG, cache), user('And when does it come back?')];
      await ask(engine, marked);
      const { pagesPinned } = await engine.stats();
      const { marks } = await engine.generate(marked, { ...TURN, marks: [{ message: 0 }] }).outline;
      const [end = 0] = marks;
      expect(end).toBeGreaterThan(200);
      expect(pagesPinned).toBe(Math.ceil(end / engine.info.pageTokens));
      await pressure(engine);
      const { matchedTokens } = await engine.explain([user(LONG)]);
      expect(matchedTokens).toBeGreaterThanOrEqual(end);
      await engine.clearCache();
      await using other = await small();
      await ask(other, [user(LONG), user('And when does it come back?')]);
      await pressure(other);
      expect((await other.explain([user(LONG)])).matchedTokens).toBeLessThan(40);
    },
  );

  test('until its time is over: then it goes like all else', async () => {
    await using engine = await small();
    await ask(engine, [user(LONG, { ttlMs: 1 })]);
    await pressure(engine);
    expect((await engine.stats()).pagesPinned).toBe(0);
    await pressure(engine); // its turn comes in the usual order of eviction
    expect((await engine.explain([user(LONG)])).matchedTokens).toBeLessThan(40);
  });

  test('the doctor sees what it is worth: with the mark nothing is evicted', async () => {
    const lost = async (cache: ChatMessage['cache']) => {
      await using engine = await small();
      await using doctor = new Doctor(engine);
      const computed: number[] = [];
      for (let turn = 0; turn < 2; turn++) {
        const { promptTokens, cachedTokens } = await ask(engine, [user(LONG, cache), user('And back?')]);
        computed.push(promptTokens - (cachedTokens ?? 0));
        await pressure(engine);
      }
      return {
        computed: computed[1] ?? 0,
        findings: (await doctor.report()).findings.filter(({ lint }) => lint === 'evicted'),
      };
    };
    const [without, marked] = [await lost(undefined), await lost('static')];
    const [finding] = without.findings;
    expect([
      without.findings.map(({ call }) => call).slice(0, 1),
      marked.findings.filter(({ call }) => call === 10),
    ]).toEqual([[10], []]);
    expect(Math.abs(without.computed - marked.computed - (finding?.tokensLost ?? 0))).toBeLessThanOrEqual(32);
  });

  test("of a tool: an agent's instructions and tools stay between its runs", async () => {
    await using engine = await small();
    const weather = (cache?: 'static') =>
      defineTool({
        ...{ name: 'get_weather', description: 'Current weather of a city', cache },
        input: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        execute: () => 'rain',
      });
    const run = async (cache?: 'static') => {
      const agent = new Agent({ engine, system: LONG, tools: [weather(cache)], ...TURN, limits: { maxSteps: 1 } });
      const { usage } = await agent.run('Hello');
      return usage.cachedTokens;
    };
    await run('static');
    const pinned = (await engine.stats()).pagesPinned;
    expect(pinned).toBeGreaterThan(6);
    await pressure(engine);
    expect(await run('static')).toBeGreaterThan((pinned - 1) * engine.info.pageTokens);
  });

  test('in a session: a mark of an earlier turn holds in later ones', async () => {
    await using engine = await small();
    const session = engine.session({ messages: [{ role: 'system', content: LONG, cache: 'static' }], ...TURN });
    await session.generate('One?');
    const first = (await engine.stats()).pagesPinned;
    await session.generate(user('Two?', { ttlMs: 60_000 }));
    expect((await engine.stats()).pagesPinned).toBeGreaterThanOrEqual(first);
    await pressure(engine);
    const { usage } = await session.generate('Three?');
    expect(usage.cachedTokens).toBeGreaterThan((first - 1) * engine.info.pageTokens);
  });
});

test('half of all pages at most: a program that marks everything goes on', async () => {
  await using engine = await small();
  for (const word of ['red', 'green', 'blue', 'grey', 'black', 'white']) {
    await engine.generate([user(`${word} `.repeat(400), 'static')], TURN);
  }
  const { pagesPinned, pagesTotal } = await engine.stats();
  expect(pagesPinned).toBeGreaterThan(0);
  expect(pagesPinned).toBeLessThanOrEqual(pagesTotal / 2);
});

test('tenants have marks of their own', async () => {
  await using engine = await small();
  for (const tenant of ['a', 'b']) await engine.generate([user(LONG, 'static')], { ...TURN, tenant });
  await pressure(engine);
  for (const tenant of ['a', 'b']) {
    expect((await engine.explain([user(LONG)], { tenant })).matchedTokens).toBeGreaterThan(200);
  }
});

test('marks of the caller are told as before, those that are kept are not among them', async () => {
  const { engine } = scripted(() => 'ok');
  const messages = [user('One, two, three', 'static'), user('four')];
  const { marks } = await engine.generate(messages, { marks: [{ message: 1 }, { message: 0, characters: 3 }] }).outline;
  const plain = messages.map(({ content }) => user(content));
  expect(marks).toEqual(
    (await engine.generate(plain, { marks: [{ message: 1 }, { message: 0, characters: 3 }] }).outline).marks,
  );
  expect((await engine.generate(messages).outline).arrival).toBeUndefined();
});

test('more places than can be told are refused, not left out', async () => {
  const { engine } = scripted(() => 'ok');
  const asked = (count: number) => () =>
    engine.generate([user('Hi')], { marks: Array.from({ length: count }, () => ({ message: 0 })) });
  expect((await asked(64)().outline).marks).toHaveLength(64);
  expect(await errorOf(asked(65))).toMatchObject({ code: 'INVALID_OPTION', field: 'marks' });
});

test('what is wrong is told, with the message at fault', async () => {
  const { engine } = scripted(() => 'ok');
  const field = async (messages: ChatMessage[]) => {
    const { code, field: at } = await errorOf(() => engine.generate(messages));
    return [code, at];
  };
  expect(await field([user('x', 'forever' as 'static')])).toEqual(['INVALID_OPTION', 'messages[0].cache']);
  expect(await field([user('x'), user('y', { ttlMs: 0 })])).toEqual(['INVALID_OPTION', 'messages[1].cache.ttlMs']);
  expect(await field([user('now'), user('rules', 'static')])).toEqual(['INVALID_MESSAGES', 'messages[1].cache']);
  const late = await errorOf(() =>
    engine.session({ system: 'x' }).generate([user('a', { ttlMs: 5 }), user('b', 'static')]),
  );
  expect(late).toMatchObject({
    code: 'INVALID_MESSAGES',
    message: expect.stringContaining('messages[1], which is not: put what is the same'),
  });
  const tool = { name: 't', description: '', parameters: {}, cache: { ttlMs: -1 } };
  expect((await errorOf(() => engine.generate([user('x')], { tools: [tool] }))).field).toBe('tools[0].cache.ttlMs');
  await engine.generate([{ role: 'system', content: 'a' }, user('b', 'static'), user('c', { ttlMs: 5 }), user('d')]);
});

test('by a driven clock: whatever is asked when, what is pinned has not expired, and nothing lives longer than its last use says', async () => {
  const step = fc.record({
    prompt: fc.integer({ min: 0, max: 3 }),
    tokens: fc.integer({ min: 1, max: 6 }),
    ttlMs: fc.constantFrom(10, 100),
    wait: fc.integer({ min: 0, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let now = 0;
      const live = new Map<object, { tokens: number; prompt: number; until: number }>();
      const pin = async (tokens: Int32Array, { ttlMs }: { ttlMs: number }) => {
        const own = {};
        live.set(own, { tokens: tokens.length, prompt: tokens[0] ?? -1, until: now + ttlMs });
        return { tokens: tokens.length, release: async () => live.delete(own) };
      };
      const pins = new Pins({ closed: false, pin }, 1, () => now);
      const due = new Map<string, number>();
      for (const { prompt, tokens, ttlMs, wait } of steps) {
        now += wait;
        for (const [own, { until }] of live) if (until <= now) live.delete(own); // as the engine does
        const ids = Int32Array.from({ length: 6 }, (_, at) => (at === 0 ? prompt : at));
        await pins.keep(ids, [{ tokens, ttlMs }]);
        const key = `${prompt}`;
        due.set(key, Math.max(due.get(key) ?? 0, now + ttlMs));
        const own = [...live.values()].filter((entry) => entry.prompt === prompt);
        expect(own.some((entry) => entry.tokens >= tokens && entry.until >= now + ttlMs)).toBe(true);
        expect(own.length).toBeLessThanOrEqual(2); // one a time to live
        expect(pins.size).toBeLessThanOrEqual(8);
      }
      now += 101;
      await pins.keep(Int32Array.of(9), [{ tokens: 1, ttlMs: 10 }]);
      expect(pins.size).toBe(1);
    }),
    { numRuns: 200 },
  );
});
