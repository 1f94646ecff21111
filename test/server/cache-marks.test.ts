import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { type Server, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { serveModel } from '../support/serve-model.js';

// Marks of clients: what they want kept is pinned, and each token of a prompt is counted once, as read, written or fresh.

let engine: Engine;
let server: Server;
serveModel((it) => {
  ({ engine, server } = it);
});

const openai = ({ url }: Server) => new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
const anthropic = ({ url }: Server) => new Anthropic({ baseURL: url, apiKey: 'none', maxRetries: 0 });
const asked = { model: 'any', max_tokens: 8, temperature: 0 };
const MARK = { type: 'ephemeral' as const };
const text = (words: string, cache_control?: Anthropic.CacheControlEphemeral) => ({
  type: 'text' as const,
  text: words,
  ...(cache_control && { cache_control }),
});
const pinnedPages = async () => (await engine.stats()).pagesPinned;

const total = ({ usage }: Anthropic.Message) =>
  usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);

test('what is marked is pinned to the token, each time to live for its own part', async () => {
  const system = 'You keep the timetable of a ferry company, and answer in one sentence.';
  const document = 'The ferry to Moss leaves at seven, the one to Horten at nine. ';
  const body = {
    system: [text(system, { ...MARK, ttl: '1h' })],
    messages: [{ role: 'user' as const, content: [text(document, MARK), text('When is the last one?')] }],
  };
  const first = await anthropic(server).messages.create({ ...asked, ...body });
  const { input_tokens: counted } = await anthropic(server).messages.countTokens({ model: 'any', ...body });
  expect(total(first)).toBe(counted);

  const { usage } = first;
  const staticTokens = (
    await engine.generate(
      [
        { role: 'system', content: system },
        { role: 'user', content: document },
      ],
      { marks: [{ message: 0 }, { message: 1 }], maxTokens: 1 },
    ).outline
  ).staticTokens;
  expect(usage.cache_creation?.ephemeral_1h_input_tokens).toBe(staticTokens - (usage.cache_read_input_tokens ?? 0));
  // Between the two marks: the beginning of the user's turn, and the document but for the space that its next token begins with.
  const between = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  const document5 = engine.tokenize(document.trim()).length;
  expect(between).toBeGreaterThanOrEqual(document5);
  expect(between).toBeLessThan(document5 + 8);
  expect(usage.cache_creation_input_tokens).toBe(between + (usage.cache_creation?.ephemeral_1h_input_tokens ?? 0));
  expect(usage.input_tokens).toBeGreaterThan(engine.tokenize('When is the last one?').length - 1);
  expect(await pinnedPages()).toBeGreaterThan(0);

  const again = await anthropic(server).messages.create({ ...asked, ...body });
  expect(total(again)).toBe(counted);
  expect(again.usage.cache_creation_input_tokens).toBe(0);
  expect(again.usage.cache_read_input_tokens).toBeGreaterThanOrEqual(staticTokens + between);
});

test('marks that move with a conversation: only what is new is written, on each face', async () => {
  const said: Anthropic.MessageParam[] = [];
  let before = 0;
  for (let turn = 0; turn < 4; turn++) {
    const question = [text(`Question ${turn}: which ferry goes to the island of Hvaler today?`, MARK)];
    const messages = [...said, { role: 'user' as const, content: question }];
    const answer = await anthropic(server).messages.create({ ...asked, system: 'Marks that move.', messages });
    const { cache_read_input_tokens: read, cache_creation_input_tokens: written } = answer.usage;
    if (turn > 0) expect(read).toBeGreaterThan(before - 40);
    expect(written).toBeGreaterThan(8);
    expect(answer.usage.input_tokens).toBeLessThan(16); // the beginning of the answer
    before = total(answer);
    said.push({ role: 'user', content: [text((question[0] as { text: string }).text)] });
    said.push({ role: 'assistant', content: answer.content });
  }

  const parts = (words: string) => [
    { type: 'text' as const, text: words, prompt_cache_breakpoint: { mode: 'explicit' as const } },
  ];
  const messages = [
    { role: 'user' as const, content: parts('Which ferry goes to the island of Kirkøy, at what time?') },
  ];
  const chat = await openai(server).chat.completions.create({ ...asked, messages });
  const details = chat.usage?.prompt_tokens_details;
  expect(details?.cache_write_tokens).toBeGreaterThan(8);
  expect((details?.cache_write_tokens ?? 0) + (details?.cached_tokens ?? 0)).toBeLessThanOrEqual(
    chat.usage?.prompt_tokens ?? 0,
  );

  const input = [
    {
      role: 'user' as const,
      content: [
        {
          type: 'input_text' as const,
          text: 'Which ferry goes to Jeløya, and when?',
          prompt_cache_breakpoint: { mode: 'explicit' as const },
        },
      ],
    },
  ];
  const { usage } = await openai(server).responses.create({
    model: 'any',
    input,
    max_output_tokens: 8,
    temperature: 0,
  });
  expect(usage?.input_tokens_details.cache_write_tokens).toBeGreaterThan(8);
});

test('more than four marks are no error: the last four count', async () => {
  const content = Array.from({ length: 7 }, (_, n) => text(`Part ${n} of a long letter about ferries. `, MARK));
  const system = [text('Read letters.', { ...MARK, ttl: '1h' })];
  const answer = await anthropic(server).messages.create({ ...asked, system, messages: [{ role: 'user', content }] });
  expect(answer.usage.cache_creation?.ephemeral_1h_input_tokens).toBe(0);
  expect(answer.usage.cache_creation?.ephemeral_5m_input_tokens).toBeGreaterThan(40);
});

test('a pinned prompt stays whatever else needs room; without a share a mark is advice', async () => {
  for (const pinShare of [0.5, 0]) {
    await using small = await Engine.load({ kvTokens: 2_048 });
    await using own = await serve(small, { port: 0, pinShare });
    const system = [text(`Keep this. ${'The ferry leaves at nine. '.repeat(20)}`, MARK)];
    const ask = (content: string, marked: typeof system | string) =>
      anthropic(own).messages.create({ ...asked, system: marked, messages: [{ role: 'user', content }] });
    const first = await ask('One?', system);
    expect(first.usage.cache_creation_input_tokens).toBe(pinShare === 0 ? 0 : first.usage.cache_creation_input_tokens);
    expect((await small.stats()).pagesPinned > 0).toBe(pinShare > 0);
    for (let other = 0; other < 8; other++) await ask('Other?', `${other} ${'other words fill the pool '.repeat(60)}`);
    const second = await ask('Two?', system);
    const kept = second.usage.cache_read_input_tokens ?? 0;
    if (pinShare > 0) expect(kept).toBeGreaterThanOrEqual(first.usage.cache_creation_input_tokens ?? Number.NaN);
    else expect(kept).toBeLessThan(100);
  }
  const { engine: model, native } = scripted(() => 'ok');
  await using own = await serve(model, { port: 0, pinShare: 0 });
  await anthropic(own).messages.create({ ...asked, messages: [{ role: 'user', content: [text('Hello', MARK)] }] });
  expect(native.hints.map(({ kind }) => kind)).toEqual(['next-prefix']);
});

test('whatever is marked, the counts of a prompt are its tokens', async () => {
  const { engine: model } = scripted(() => 'ok');
  await using own = await serve(model, { port: 0 });
  const block = fc.record({
    words: fc.constantFrom('Hello', ' ', 'a', 'ferry to Moss', 'x'.repeat(50), 'Hello'),
    mark: fc.constantFrom(undefined, MARK, { ...MARK, ttl: '1h' as const }, { ...MARK, ttl: '5m' as const }),
  });
  const blocks = fc.array(block, { minLength: 1, maxLength: 4 });
  const conversation = fc.record({ system: blocks, said: fc.array(blocks, { minLength: 1, maxLength: 3 }) });
  await fc.assert(
    fc.asyncProperty(conversation, async ({ system, said }) => {
      const shown = (list: { words: string; mark: Anthropic.CacheControlEphemeral | undefined }[]) =>
        list.map(({ words, mark }) => text(words, mark));
      const messages = said.flatMap((list): Anthropic.MessageParam[] => [
        { role: 'user', content: shown(list) },
        { role: 'assistant', content: 'ok' },
      ]);
      const body = { model: 'any', system: shown(system), messages: messages.slice(0, -1) };
      const { input_tokens: counted } = await anthropic(own).messages.countTokens(body);
      const answer = await anthropic(own).messages.create({ ...asked, ...body });
      const { usage } = answer;
      expect(total(answer)).toBe(counted);
      const { ephemeral_1h_input_tokens: long = 0, ephemeral_5m_input_tokens: short = 0 } = usage.cache_creation ?? {};
      expect(long + short).toBe(usage.cache_creation_input_tokens);
      for (const count of [usage.input_tokens, usage.cache_read_input_tokens, long, short])
        expect(count).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 60 },
  );
});
