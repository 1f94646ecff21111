import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Agent, BanyanError, defineTool, Engine } from '../../src/index.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf } from '../support/expect-code.js';

// What programs do to the public interface, on the real engine: they stop reading, throw and close. (Aborts in each
// phase: test/engine/real-generation.test.ts.)

let engine: Engine;
beforeAll(async () => {
  const model = randomModel({ architecture: 'qwen2', logitBias: { '<|im_end|>': -30, '<|endoftext|>': -30 } }); // never ends by itself
  engine = await Engine.load({ model, threads: 1, kvTokens: 4096, maxRunning: 8, maxBatchTokens: 64 });
});
afterEach(async () => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { waiting, running, pagesFree, pagesCached, pagesTotal } = await engine.stats();
    if (waiting + running === 0) {
      expect(pagesFree + pagesCached).toBe(pagesTotal);
      return;
    }
    if (Date.now() > deadline) throw new Error('requests still run after the test');
  }
});
afterAll(() => engine.close());

describe('consumers', () => {
  test("one that leaves its loop ends its request, and no other caller's", async () => {
    const other = engine.generate('other', { maxTokens: 60, temperature: 0 });
    const left = engine.generate('left', { maxTokens: 2000, temperature: 0 });
    for await (const event of left) if (event.type === 'tokens') break;
    expect((await left).finishReason).toBe('cancelled');
    expect((await other).tokens.length).toBeGreaterThan(1);
    expect((await other).finishReason).not.toBe('cancelled');
  });

  test('one that throws inside its loop gets its own error, the request ends', async () => {
    const generation = engine.generate('throws', { maxTokens: 2000 });
    const reading = (async () => {
      for await (const event of generation) if (event.type === 'tokens') throw new RangeError('mine');
    })();
    await expect(reading).rejects.toThrow('mine');
    expect((await generation).finishReason).toBe('cancelled');
  });

  test('one that stops reading stalls no other caller, and finds everything when it comes back', async () => {
    const stalled = engine.generate('stalled', { maxTokens: 50, temperature: 0 });
    const iterator = stalled[Symbol.asyncIterator]();
    await iterator.next();
    const others = await Promise.all([1, 2, 3].map((i) => engine.generate(`other ${i}`, { maxTokens: 50 })));
    for (const { tokens } of others) expect(tokens.length).toBeGreaterThan(0);
    const whole = await stalled;
    const tokens: number[] = [];
    for await (const event of stalled) if (event.type === 'tokens') tokens.push(...event.tokens);
    expect(tokens).toEqual(whole.tokens);
  });

  test('no caller reads at all: it runs to its end', async () => {
    const { finished } = await engine.stats();
    engine.generate('unread', { maxTokens: 20 });
    while ((await engine.stats()).finished === finished);
  });
});

describe('close', () => {
  test('with requests in every phase: each rejects with CLOSED', async () => {
    // Answers of seconds: none has ended when the engine closes, however late this thread comes to it.
    const model = randomModel({ context: 32_768 });
    const other = await Engine.load({ model, threads: 1, kvTokens: 65_536, maxRunning: 2 });
    const endless = { maxTokens: 30_000, ignoreEos: true };
    const all = Array.from({ length: 6 }, (_, i) => other.generate(`closing ${i}`, endless));
    // Two run and four wait; which two is open: prompts are tokenised side by side, and the first one ready comes first.
    await Promise.race(all.map((generation) => generation[Symbol.asyncIterator]().next()));
    await other.close();
    for (const generation of all) expect(await codeOf(() => generation)).toBe('CLOSED');
    expect(await codeOf(() => other.generate('x'))).toBe('CLOSED');
    expect(await codeOf(() => other.session())).toBe('CLOSED');
    expect(await codeOf(() => other.stats())).toBe('CLOSED');
  });

  test('`await using` closes', async () => {
    let seen: Engine;
    {
      await using scoped = await Engine.load({ model: randomModel(), threads: 1, kvTokens: 512 });
      seen = scoped;
      await scoped.generate('x', { maxTokens: 2 });
    }
    expect(seen.closed).toBe(true);
  });
});

describe('sessions and agents', () => {
  test('forks diverge from one past without computing it again', async () => {
    const session = engine.session({ system: 'Answer with care. '.repeat(12) });
    await session.generate('Remember the number seven.', { maxTokens: 12, temperature: 0 });
    const past = session.tokens.length;
    const forks = [session.fork(), session.fork(), session.fork()];
    const answers = await Promise.all(forks.map((fork, i) => fork.generate(`Question ${i}`, { maxTokens: 12 })));
    for (const { usage } of answers) expect(usage.cachedTokens).toBeGreaterThanOrEqual(past - 1);
    expect(session.tokens.length).toBe(past);
  });

  const weather = (seen: string[] = []) =>
    defineTool({
      name: 'weather',
      description: 'The weather of a city',
      input: z.object({ city: z.enum(['Paris', 'Rome', 'Oslo']) }),
      execute: ({ city }) => {
        seen.push(city);
        return { city, degrees: 12 };
      },
    });
  // Likes to call, and even more to end; the grammar says when it may.
  const callingModel = () =>
    randomModel({ architecture: 'qwen2', logitBias: { '<|im_end|>': 30, '<tool_call>': 20, '"': 7, '}': 7 } });

  test('an agent calls real tools in a loop, with a random model behind a grammar', async () => {
    await using caller = await Engine.load({ model: callingModel(), threads: 1, kvTokens: 4096 });
    const cities: string[] = [];
    const agent = new Agent({
      engine: caller,
      tools: [weather(cities)],
      forceTools: 2,
      maxTokens: 200,
      temperature: 0,
    });
    const { stopReason, steps } = await agent.run('How is the weather?');
    expect(stopReason).toBe('answer');
    expect(steps.length).toBe(3);
    expect(cities.length).toBeGreaterThanOrEqual(2);
    for (const city of cities) expect(['Paris', 'Rome', 'Oslo']).toContain(city);
    // A step computes what is new only: the tool results, and the markers around them.
    for (const { usage } of steps.slice(1)) expect(usage.cachedTokens).toBeGreaterThan(usage.promptTokens / 2);
  });

  test.each([4, 8, 12, 16, 20])(
    'an answer cut inside a tool call, after %i tokens, leaves a session that goes on',
    async (cut) => {
      await using caller = await Engine.load({ model: callingModel(), threads: 1, kvTokens: 4096 });
      const session = caller.session({ tools: [weather()] });
      const options = { toolChoice: 'required', temperature: 0 } as const;
      expect((await session.generate('How is the weather?', { ...options, maxTokens: cut })).finishReason).toBe(
        'length',
      );
      const next = await session.generate('Once more.', { ...options, maxTokens: 60 });
      expect(next.usage.cachedTokens).toBeGreaterThan(0);
      expect(next.tokens.length).toBeGreaterThan(0);
    },
  );

  test('tools that the chat template would not show are refused, not dropped, when our own format is off', async () => {
    const chatTemplate = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}';
    await using plain = await Engine.load({
      model: randomModel({ chatTemplate }),
      threads: 1,
      kvTokens: 1024,
      toolFormat: 'template',
    });
    const messages = [{ role: 'user' as const, content: 'x' }];
    const tools = [weather()];
    expect(await codeOf(() => plain.generate(messages, { tools }))).toBe('MODEL_UNSUPPORTED');
    expect(await codeOf(() => plain.session({ tools }))).toBe('MODEL_UNSUPPORTED');
    expect(await codeOf(() => new Agent({ engine: plain, tools }))).toBe('MODEL_UNSUPPORTED');
    expect((await plain.generate(messages, { tools: [], maxTokens: 2 })).tokens).toHaveLength(2);
  });

  test('one agent aborted, the others go on', async () => {
    const agents = Array.from({ length: 4 }, () => new Agent({ engine, system: 'Be brief.', maxTokens: 40 }));
    const control = new AbortController();
    const runs = agents.map((agent, i) => agent.run(`Task ${i}`, i === 0 ? { signal: control.signal } : {}));
    control.abort();
    const ends = await Promise.allSettled(runs);
    expect(ends[0]).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
    expect(ends.slice(1).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  });
});

describe('bad calls', () => {
  const CALLS: [string, (e: Engine) => unknown][] = [
    ['generate(1)', (e) => e.generate(1 as never)],
    ['generate("", ...)', (e) => e.generate('')],
    ['unknown option', (e) => e.generate('x', { temprature: 1 } as never)],
    ['temperature "hot"', (e) => e.generate('x', { temperature: 'hot' as never })],
    ['maxTokens -1', (e) => e.generate('x', { maxTokens: -1 })],
    ['schema and grammar', (e) => e.generate('x', { schema: { type: 'object' }, grammar: 'root ::= "a"' })],
    ['grammar without root', (e) => e.generate('x', { grammar: 'a ::= "b"' })],
    ['prompt longer than the pool', (e) => e.generate(new Array(9000).fill(1) as never)],
    ['token that is none', (e) => e.generate([1, 99_999] as never)],
    ['messages without roles', (e) => e.generate([{ content: 'x' }] as never)],
    ['pin for no time', (e) => e.pin('x', { ttlMs: -1 })],
    ['load nothing', () => Engine.load({ model: '/nowhere/model.gguf' })],
    ['load with a bad option', () => Engine.load({ threads: -1 })],
  ];
  test.each(CALLS)('%s: a BanyanError with a code', async (_, call) => {
    const error = await Promise.resolve()
      .then(() => call(engine))
      .then(
        () => undefined,
        (reason) => reason,
      );
    expect(error).toBeInstanceOf(BanyanError);
  });
});
