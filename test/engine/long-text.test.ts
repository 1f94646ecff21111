import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FINGERPRINT_KEYS } from '../../src/agent/journal/fingerprint.js';
import { JOURNAL_VERSION } from '../../src/agent/journal/journal.js';
import { JournalFile } from '../../src/agent/journal/journal-file.js';
import { callKey, RecordedRun } from '../../src/agent/journal/recorded-run.js';
import type { ChatMessage } from '../../src/chat/chat-message.js';
import { NO_RESULT, toConversation } from '../../src/chat/conversation.js';
import { fitHistory } from '../../src/chat/overflow/fit-history.js';
import { toOverflow } from '../../src/chat/overflow/overflow-options.js';
import { readMessages } from '../../src/chat/read-prompt.js';
import { inWords, plainIds } from '../../src/chat/shapes/history-shapes.js';
import { Engine } from '../../src/engine/engine.js';
import { longList, longText } from '../../src/kit/long-text.js';
import type { ChatFormat } from '../../src/native/binding.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';

const decoded = (value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value);

/** Long texts whose characters have one to four bytes, so that cuts fall everywhere. */
const long = fc
  .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 7 }), fc.integer({ min: 0, max: 3 }), fc.nat(3))
  .map(([unit, shift, size]) => 'x'.repeat(shift) + unit.repeat(Math.ceil((size * 150_000 + 10) / unit.length)));

/** How often the event loop had a turn meanwhile. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const count = () => {
    turns++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await work();
  over = true;
  return turns;
}

test('a text in slices has the bytes of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(long, async (text) => {
      const expected = new TextDecoder().decode(Buffer.from(text));
      expect(decoded(await longText(text)) === expected || (await longText(text)) === text).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('a list in pieces is the JSON of the whole', async () => {
  const item = fc.record({ role: fc.constant('user'), content: long, more: fc.array(fc.string(), { maxLength: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { maxLength: 4 }), async (items) => {
      const value = await longList(
        items,
        ({ content }) => content.length,
        (it) => it,
      );
      expect(JSON.stringify(value instanceof Uint8Array ? JSON.parse(decoded(value) as string) : value)).toBe(
        JSON.stringify(items),
      );
    }),
    { numRuns: 30 },
  );
});

test('very many short items are prepared in slices too', async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => ({ content: `${index % 10}` }));
  const prepare = (count: number) =>
    longList(
      many.slice(0, count),
      ({ content }) => content.length,
      (it) => it,
    );
  expect(await turnsDuring(() => prepare(20_000))).toBeGreaterThanOrEqual(15);
  expect(await prepare(500)).toHaveLength(500); // a list still
});

describe('conversations of any size', () => {
  const call = (index: number, json = '{}') => ({ id: `c${index}`, name: 'f', arguments: json, input: {} });
  const asked: ChatMessage = { role: 'user', content: 'x' };
  const turn = (count: number): ChatMessage[] => [
    asked,
    { role: 'assistant', content: '', toolCalls: Array.from({ length: count }, (_, index) => call(index)) },
  ];

  test('so many messages and calls, and no more', () => {
    const calls = toConversation(readMessages(turn(32_766)));
    expect(calls).toHaveLength(32_768);
    expect(() => readMessages(turn(32_767))).toThrow('messages have more than 32768 messages and calls');
    expect(() => readMessages(Array(32_769).fill(asked))).toThrow('messages have more than 32768 messages and calls');
    const large: ChatMessage = { role: 'assistant', content: '', toolCalls: [call(0, 'x'.repeat(2 ** 20 + 1))] };
    expect(() => readMessages([asked, large])).toThrow('messages[1].toolCalls[0].arguments have 1048577 characters');
  });

  test('a turn of thirty thousand calls is said in other words without copying each of them once a call', () => {
    const messages = toConversation(turn(30_000));
    const results = Array.from({ length: 30_000 }, () => `Result of f: ${NO_RESULT}`).join('\n\n');
    expect(inWords(messages).at(-1)).toEqual({ role: 'user', content: results });
    expect(plainIds(messages).at(-1)).toMatchObject({ toolCallId: 'call29999' });
  });

  test('what of a long conversation fits is looked for among short ones', async () => {
    const messages = Array.from(
      { length: 20_001 },
      (_, index): ChatMessage => ({
        ...{ role: index % 2 ? ('assistant' as const) : ('user' as const), content: `${index}` },
      }),
    );
    let rendered = 0;
    const render = async (kept: readonly ChatMessage[]) => {
      rendered += kept.length;
      return {
        prompt: '',
        literal: new Int32Array(0),
        tokens: new Int32Array(kept.length * 10),
        format: {} as ChatFormat,
      };
    };
    const sizes = { maxContext: 2_000, most: 1_750, overflow: toOverflow('trim') };
    const asked = { messages, said: messages.slice(-1), ...sizes, render, summarise: undefined };
    const trimmed = await fitHistory(asked);
    expect(trimmed?.messages.length).toBeGreaterThan(95);
    expect(trimmed?.chat.tokens.length).toBeLessThanOrEqual(1_000);
    expect(rendered).toBeLessThan(1_500);
  });

  test('the event loop has its turns while a long journal is read', async () => {
    const line = JSON.stringify({ type: 'call', step: 0, index: 0, key: 'k'.repeat(100) });
    const path = join(mkdtempSync(join(tmpdir(), 'banyan-')), 'journal');
    writeFileSync(path, `${line}\n`.repeat(20_000), { mode: 0o600 });
    const journal = await JournalFile.open(path, false);
    let entries: unknown[] = [];
    const read = async () => {
      entries = await journal.entries();
    };
    expect(await turnsDuring(read)).toBeGreaterThan(20);
    expect(entries).toHaveLength(20_000);
    await journal.close();
    const id = 'r';
    const run = {
      type: 'run',
      version: JOURNAL_VERSION,
      id,
      seed: 1,
      input: 'x',
      agent: Object.fromEntries(FINGERPRINT_KEYS.map((key) => [key, ''])),
    };
    const calls = Array.from({ length: 20_000 }, (_, index) => ({
      type: 'call',
      step: 0,
      index,
      key: callKey(id, 0, index),
    }));
    const toolCalls = calls.map((_, index) => ({ id: `c${index}`, name: 'f', arguments: '{}' }));
    const message = { content: '', reasoning: '', toolCalls };
    const past = { prompt: [1], tokens: [1], staticTokens: 0, message, finishReason: 'tool-calls' };
    const usage = { promptTokens: 1, cachedTokens: 0, computedTokens: 1, outputTokens: 1, ttftMs: 1, queueMs: 1 };
    const check = () => RecordedRun.of([run, { type: 'turn', step: 0, turn: past, usage }, ...calls]);
    expect(await turnsDuring(check)).toBeGreaterThan(20);
    expect((await check())?.steps[0]?.announced.size).toBe(20_000);
  });
});

describe('prompts that cannot fit', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ model: randomModel({ context: 1024 }), threads: 1, kvTokens: 1024 });
  });
  afterAll(() => engine.close());

  const megabytes = 'lorem ipsum '.repeat(850_000);

  test('ten megabytes are refused before they are read', async () => {
    const { maxContext, longestToken } = engine.info;
    const least = Math.ceil(megabytes.length / longestToken);
    for (const ask of [
      () => engine.generate(megabytes),
      () => engine.explain(megabytes),
      () => engine.pin(megabytes),
      () => engine.generate([{ role: 'user', content: megabytes }]),
      () => engine.generate(new Int32Array(10_000_000)),
    ]) {
      const error = await errorOf(ask);
      expect(error).toMatchObject({ code: 'PROMPT_TOO_LONG', field: 'prompt' });
      expect(error.message).toMatch(`a request may reach ${maxContext}`);
    }
    expect((await errorOf(() => engine.generate(megabytes))).message).toMatch(`${least} tokens or more`);
  });

  test('a session whose turn was too long goes on', async () => {
    const session = engine.session({ temperature: 0, maxTokens: 4 });
    await session.generate('one');
    expect((await errorOf(() => session.generate(megabytes.slice(0, 2_400_000)))).code).toBe('PROMPT_TOO_LONG');
    expect((await session.generate('two')).finishReason).toBe('length');
  });

  test('the event loop has its turns while long texts are prepared', async () => {
    const chat = () => errorOf(() => engine.generate([{ role: 'user', content: megabytes }]));
    expect(await turnsDuring(chat)).toBeGreaterThan(megabytes.length / 131_072 - 2);
    const text = 'ab '.repeat(200_000);
    let tokens: Int32Array = new Int32Array(0);
    const tokenize = async () => {
      tokens = await engine.tokenizeAsync(text);
    };
    expect(await turnsDuring(tokenize)).toBeGreaterThan(text.length / 131_072 - 2);
    expect(engine.detokenize(tokens.subarray(0, 3_000))).toBe(
      text.slice(0, engine.detokenize(tokens.subarray(0, 3_000)).length),
    );
  });

  test('what would block the event loop is refused with what to call instead', async () => {
    const error = await errorOf(async () => engine.tokenize('x'.repeat(65_537)));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'text' });
    expect(error.message).toMatch('tokenizeAsync');
    expect((await errorOf(async () => engine.detokenize(new Int32Array(65_537)))).code).toBe('INVALID_OPTION');
    const text = 'x y '.repeat(16_384);
    expect(await engine.tokenizeAsync(text)).toEqual(engine.tokenize(text));
  });
});

describe.each([
  ['the embedded model', undefined],
  ['a byte-level vocabulary', randomModel()],
])('no text is refused that could fit: %s', (_name, model) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ model, threads: 1, kvTokens: 256 });
  });
  afterAll(() => engine.close());

  test('a token stands for no more bytes than said', () => {
    const { longestToken, vocabSize } = engine.info;
    expect(longestToken).toBeGreaterThan(0);
    const words = Array.from({ length: vocabSize }, (_, id) => engine.detokenize([id], { special: true }));
    const token = fc.constantFrom(...words);
    const text = fc.array(fc.oneof(token, fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('  ', '\n\n')));
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.tuple(token, fc.nat(60)).map(([word, n]) => Array(n).fill(word)),
        ),
        (parts) => {
          const whole = parts.join('').toWellFormed();
          expect(engine.tokenize(whole).length * longestToken).toBeGreaterThanOrEqual(Buffer.byteLength(whole));
        },
      ),
      { numRuns: 400 },
    );
  });
});
