import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { Engine } from '../../src/engine/engine.js';
import type { GenerateOptions } from '../../src/engine/request-options.js';
import { BanyanError } from '../../src/kit/errors.js';
import { type Embedder, SemanticMemo, type SemanticMemoOptions } from '../../src/memo/semantic-memo.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { randomBert } from '../../testing/models/bert-model.js';
import { MINILM_MISSING, miniLm } from '../../testing/models/minilm.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const WORDS = ['height', 'everest', 'capital', 'france', 'colour', 'sky'];

/** A vector says how often each of the words occurs: the same words in another order are the same. */
class WordCounter implements Embedder {
  readonly asked: { text: string; tenant: string | undefined }[] = [];

  async embed(texts: readonly string[], { tenant }: { tenant?: string | undefined }) {
    for (const text of texts) this.asked.push({ text, tenant });
    if (texts.some(({ length }) => length > 500)) throw new BanyanError('PROMPT_TOO_LONG', 'too long');
    const count = (text: string, word: string) => text.toLowerCase().split(word).length - 1;
    return { vectors: texts.map((text) => Float32Array.from(WORDS, (word) => count(text, word))) };
  }
}

const asks = (content: string, ...before: ChatMessage[]): ChatMessage[] => [...before, { role: 'user', content }];

/** A memo over an engine that answers with the number of its request, and what one asks of both. */
function open(options: Partial<SemanticMemoOptions> = {}, answer = (n: number) => `answer ${n}`) {
  let asked = 0;
  const { engine, native } = scripted(() => answer(++asked));
  const embedder = new WordCounter();
  const memo = new SemanticMemo({ embedder, verifyShare: 0, ...options });
  const ask = async (prompt: string | ChatMessage[], more: GenerateOptions = {}) => {
    const messages = typeof prompt === 'string' ? asks(prompt) : prompt;
    const { result, source, similarity } = await memo.generate(engine, messages, more);
    return { text: result.text, source, similarity };
  };
  return { engine, native, embedder, memo, ask };
}

test('a question in other words has the answer that is known, and is told so', async () => {
  const { ask, memo, native } = open();
  expect(await ask('What is the height of Everest?')).toEqual({
    text: 'answer 1',
    source: 'asked',
    similarity: undefined,
  });
  const again = await ask('Everest: its height?');
  expect(again).toMatchObject({ text: 'answer 1', source: 'known' });
  expect(again.similarity).toBeCloseTo(1, 6);
  expect(await ask('The capital of France?')).toMatchObject({ text: 'answer 2', source: 'asked' });
  expect(await ask('The height of the capital of France?')).toMatchObject({ source: 'asked' }); // like it, not enough
  expect(native.requests).toHaveLength(3);
  expect(memo.stats).toMatchObject({
    hits: 1,
    misses: 3,
    bypassed: 0,
    verified: 0,
    falseHitRate: undefined,
    entries: 3,
  });
});

test('all but the last question must be equal: tenant, options, schema, instructions, what was said', async () => {
  const { ask, memo, embedder } = open({}, (n) => `"answer ${n}"`);
  const like = 'The height of Everest?';
  const system = { role: 'system', content: 'S' } as const;
  const others: [ChatMessage[], GenerateOptions][] = [
    [asks(like), {}],
    [asks(like), { tenant: 'other' }],
    [asks(like), { maxTokens: 9 }],
    [asks(like), { temperature: 0 }],
    [asks(like), { schema: { type: 'string' } }],
    [asks(like, system), {}],
    [asks(like, { ...system, content: 'T' }), {}],
    [asks(like, { role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Hello' }), {}],
  ];
  for (const [messages, options] of others) expect((await ask(messages, options)).source).toBe('asked');
  for (const [messages, options] of others) expect((await ask(messages, options)).source).toBe('known');
  expect((await ask(asks(like), { class: 'background', deadlineMs: 9 })).source).toBe('known');
  expect(memo.stats).toMatchObject({ hits: 9, misses: 8 });
  expect(embedder.asked.some(({ tenant }) => tenant === 'other')).toBe(true);
});

test('never with tools, bare texts, token ids, or what is too long to embed', async () => {
  const { ask, engine, memo } = open();
  const tools = [{ name: 't', description: '', parameters: { type: 'object' } }];
  const call = { id: 'c1', name: 't', arguments: '{}', input: {} };
  const called: ChatMessage[] = [
    { role: 'user', content: 'sky' },
    { role: 'assistant', content: '', toolCalls: [call] },
    { role: 'tool', toolCallId: 'c1', name: 't', content: 'x' },
  ];
  for (let twice = 0; twice < 2; twice++) {
    expect((await ask('sky', { tools })).source).toBe('bypassed');
    expect((await ask(asks('sky', ...called), {})).source).toBe('bypassed');
    expect((await ask(called)).source).toBe('bypassed');
    expect((await ask('sky '.repeat(200))).source).toBe('bypassed');
    expect((await ask('  ')).source).toBe('bypassed');
    expect((await memo.generate(engine, 'sky')).source).toBe('bypassed');
    expect((await memo.generate(engine, [101, 102])).source).toBe('bypassed');
  }
  expect(memo.stats).toMatchObject({ bypassed: 14, entries: 0, hits: 0 });
});

test('a text without any of what the vectors show is like nothing', async () => {
  const { ask } = open({ threshold: 0.5 });
  await ask('hello');
  expect((await ask('hello')).source).toBe('asked');
});

test('what failed or was cut is not kept; the error of either engine is the caller’s', async () => {
  let answer = {
    steps: ['Once'],
    end: 'length' as 'length' | 'stop',
    error: undefined as { code: string; message: string } | undefined,
  };
  const { engine } = scripted(() => ({
    steps: answer.steps,
    end: answer.end,
    ...(answer.error && { error: answer.error }),
  }));
  const embedder = new WordCounter();
  const memo = new SemanticMemo({ embedder });
  await memo.generate(engine, asks('sky'));
  answer = { ...answer, error: { code: 'STEP_FAILED', message: 'no' } };
  expect(await codeOf(() => memo.generate(engine, asks('sky')))).toBe('STEP_FAILED');
  expect(memo.stats.entries).toBe(0);
  embedder.embed = async () => {
    throw new BanyanError('CLOSED', 'closed');
  };
  expect(await codeOf(() => memo.generate(engine, asks('sky')))).toBe('CLOSED');
});

describe('a share of the hits is verified', () => {
  test('exactly that share; a wrong answer is counted, and known no more', async () => {
    const { ask, memo, native } = open({ verifyShare: 0.25, agrees: ({ text: a }, { text: b }) => a === b });
    await ask('height of everest');
    const sources: string[] = [];
    for (let hit = 0; hit < 4; hit++) sources.push((await ask('everest, height')).source);
    expect(sources).toEqual(['known', 'known', 'known', 'checked']);
    expect(memo.stats).toMatchObject({ hits: 4, verified: 1, falseHits: 1, falseHitRate: 1, entries: 0 });
    expect((await ask('everest, height')).source).toBe('asked');
    expect(native.requests).toHaveLength(3);
  });

  test('by itself it takes equal texts, and texts of like vectors, for the same answer', async () => {
    const texts = ['The sky has the colour blue.', 'Colour of the sky: blue.', 'The capital of France.', 'everest'];
    const { ask, memo } = open({ verifyShare: 1 }, (n) => texts[n - 1] ?? '');
    await ask('sky');
    expect(await ask('sky')).toMatchObject({ source: 'checked', text: texts[1] }); // the caller gets the fresh one
    expect(memo.stats).toMatchObject({ verified: 1, falseHits: 0, falseHitRate: 0, entries: 1 });
    await ask('sky');
    expect(memo.stats).toMatchObject({ verified: 2, falseHits: 1, falseHitRate: 0.5, entries: 0 });
  });

  test('over many hits the share is what was asked for, to one', async () => {
    for (const verifyShare of [0, 0.01, 0.05, 0.1, 0.3, 1]) {
      const { ask, memo } = open({ verifyShare, agrees: () => true });
      await ask('sky');
      for (let hit = 0; hit < 200; hit++) await ask('sky');
      expect(Math.abs(memo.stats.verified - 200 * verifyShare)).toBeLessThanOrEqual(1);
    }
  });
});

describe('bounds', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('an answer is known for its time', async () => {
    const { ask, memo } = open({ ttlMs: 1_000 });
    await ask('sky');
    vi.advanceTimersByTime(999);
    expect((await ask('sky')).source).toBe('known');
    vi.advanceTimersByTime(1);
    expect((await ask('sky')).source).toBe('asked');
    expect(memo.stats).toMatchObject({ expired: 1, entries: 1 });
  });

  test('the one that was used least recently goes first', async () => {
    const { ask, memo } = open({ entries: 2 });
    await ask('sky');
    await ask('france');
    await ask('sky');
    await ask('everest');
    expect((await ask('sky')).source).toBe('known');
    expect((await ask('france')).source).toBe('asked');
    expect(memo.stats).toMatchObject({ entries: 2, evicted: 2 });
  });
});

test.each<[string, object]>([
  ['embedder', {}],
  ['embedder', { embedder: {} }],
  ['threshold', { embedder: new WordCounter(), threshold: 2 }],
  ['verifyShare', { embedder: new WordCounter(), verifyShare: -1 }],
  ['agrees', { embedder: new WordCounter(), agrees: 1 }],
])('a wrong %s is refused', async (field, options) => {
  expect(await errorOf(() => new SemanticMemo(options as SemanticMemoOptions))).toMatchObject({
    code: 'INVALID_OPTION',
    field,
  });
});

test('an engine of an encoder makes the vectors: the same words again are known, in a tenant', async () => {
  await using embedder = await Engine.load({ model: randomBert({ pooling: 'mean' }), threads: 1 });
  const { engine, native } = scripted(() => 'ok');
  const memo = new SemanticMemo({ embedder, threshold: 0.999, verifyShare: 0 });
  for (const tenant of ['a', 'a', 'b']) await memo.generate(engine, asks('why do roots grow'), { tenant });
  await memo.generate(engine, asks('a tree'), { tenant: 'a' });
  expect(memo.stats).toMatchObject({ hits: 1, misses: 3 });
  expect(native.requests).toHaveLength(3);
  expect((await memo.generate(engine, asks('roots '.repeat(200)))).source).toBe('bypassed'); // longer than its context
});

const sentences = miniLm();
if (!sentences) console.log(MINILM_MISSING);
test.skipIf(!sentences)('all-MiniLM-L6-v2 knows questions again, and tells others from them', async () => {
  await using embedder = await Engine.load({ model: sentences as string, threads: 1 });
  const { engine } = scripted(() => 'ok');
  const memo = new SemanticMemo({ embedder, threshold: 0.8, verifyShare: 0 });
  const source = async (text: string) => (await memo.generate(engine, asks(text))).source;
  expect(await source('How tall is Mount Everest?')).toBe('asked');
  expect(await source('What is the height of Mount Everest?')).toBe('known');
  expect(await source('Who was the first to climb Mount Everest?')).toBe('asked');
});
