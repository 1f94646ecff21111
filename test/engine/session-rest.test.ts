import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import type { GenerationEvent } from '../../src/engine/generation.js';
import type { Session } from '../../src/engine/session.js';
import type { Turn } from '../../src/engine/turn.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { errorOf } from '../support/expect-code.js';

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.load({ model: randomModel(RAMBLING_MODEL), kvTokens: 4096 });
});
afterAll(() => engine.close());

const MOST = 40;
const schema = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, count: { type: 'integer' } },
  required: ['name', 'count'],
} as const;
const parameters = { type: 'object', properties: { place: { enum: ['Bergen', 'Oslo'] } }, required: ['place'] };
const tools = [{ name: 'look', description: 'Looks', parameters }];

describe('cut anywhere and gone on with, an answer is the one that was not cut', () => {
  test.each([
    ['a text', {}],
    ['JSON of a schema', { schema }],
    ['a call', { toolChoice: 'required' as const }],
  ])('%s', async (_what, options) => {
    const turn = { temperature: 0, ...options };
    const opened = { tools: 'toolChoice' in options ? tools : [] };
    const uncut = engine.session(opened);
    const whole = await uncut.generate('Go on', { ...turn, maxTokens: MOST });
    const { prompt, staticTokens } = uncut.lastTurn as Turn;
    for (const cut of [1, 2, 3, 7, 12]) {
      const session = engine.session(opened);
      const tokens = whole.tokens.slice(0, cut);
      const message = { content: engine.detokenize(tokens), reasoning: '', toolCalls: [] };
      session.restore('Go on', { prompt, tokens, staticTokens, message, finishReason: 'cancelled' });
      const rest = await session.continueAnswer({ ...turn, maxTokens: MOST - cut });
      expect(rest.usage.promptTokens).toBe(prompt.length + cut);
      expect(rest.tokens).toEqual(whole.tokens.slice(cut));
      expect(rest).toMatchObject({ text: whole.text, object: whole.object, toolCalls: whole.toolCalls });
      expect(rest.finishReason).toBe(whole.finishReason);
      expect(session.messages).toEqual(uncut.messages);
      expect(session.tokens).toEqual(uncut.tokens);
      expect(session.lastTurn).toEqual(uncut.lastTurn);
    }
  });
});

/** A session whose answer was cut in its midst, and that answer. */
async function cutSession(): Promise<Session> {
  const session = engine.session();
  const { finishReason } = await session.generate('Go on', { temperature: 0, maxTokens: 5 });
  expect(finishReason).toBe('length');
  return session;
}

test('the stream tells what comes now, a next turn has all of it, and a fork goes its own way', async () => {
  const session = await cutSession();
  const before = session.messages.at(-1)?.content ?? '';
  const fork = session.fork();
  const events: GenerationEvent[] = [];
  for await (const event of session.continueAnswer({ temperature: 0, maxTokens: 5 })) events.push(event);
  const told = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('');
  expect(told.length).toBeGreaterThan(0);
  expect(session.messages.at(-1)?.content).toBe(before + told);
  expect(session.messages).toHaveLength(2);
  expect(fork.messages.at(-1)?.content).toBe(before);
  const past = session.tokens;
  await session.generate('More', { temperature: 0, maxTokens: 2 });
  expect(session.tokens.subarray(0, past.length)).toEqual(past);
  await fork.continueAnswer({ temperature: 0, maxTokens: 5 });
  expect(fork.tokens).toEqual(past);
});

test('answers that a limit cut, and a cancel, go on to the same; all that was computed is cached', async () => {
  const stopped = engine.session();
  const answer = stopped.generate('Go on', { temperature: 0, maxTokens: 400 });
  for await (const event of answer) if (event.type === 'text') break;
  await answer;
  const session = await cutSession();
  const total = (stopped.lastTurn?.tokens.length ?? 0) + 10;
  for (const one of [stopped, session]) {
    const before = one.tokens.length;
    const { usage } = await one.continueAnswer({
      temperature: 0,
      maxTokens: total - (one.lastTurn?.tokens.length ?? 0),
    });
    expect(usage).toMatchObject({ promptTokens: before, cachedTokens: before - 1 });
  }
  expect(stopped.tokens).toEqual(session.tokens);
});

test('a rest that fails changes nothing', async () => {
  const session = await cutSession();
  const before = [session.tokens, session.lastTurn];
  const stop = new AbortController();
  stop.abort();
  await expect(session.continueAnswer({ signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(session.continueAnswer({ schema })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  const none = errorOf(() => session.continueAnswer({ maxTokens: 0 }));
  expect(await none).toMatchObject({ code: 'INVALID_OPTION', field: 'maxTokens' });
  expect([session.tokens, session.lastTurn]).toEqual(before);
  expect(session.busy).toBe(false);
});

describe('there is nothing to go on with', () => {
  const none = { code: 'INVALID_MESSAGES', field: 'messages' };
  test('before the first turn, and behind messages that were pushed', async () => {
    expect(await errorOf(() => engine.session().continueAnswer())).toMatchObject(none);
    const session = await cutSession();
    session.push({ role: 'user', content: 'And?' });
    expect(await errorOf(() => session.continueAnswer())).toMatchObject(none);
  });

  test('when the model ended it', async () => {
    const session = engine.session();
    await session.generate('Go on', { schema, temperature: 1, seed: 3, maxTokens: 400 });
    expect(session.lastTurn?.finishReason).toBe('stop');
    expect(await errorOf(() => session.continueAnswer())).toMatchObject(none);
  });

  test('where answers do not go on by tokens, or in the midst of a turn', async () => {
    const far = scripted(() => ({ steps: ['Once up'], end: 'length' })).engine.session();
    await far.generate('tell');
    expect(await errorOf(() => far.continueAnswer())).toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    const session = await cutSession();
    const rest = session.continueAnswer({ maxTokens: 4 });
    expect(await errorOf(() => session.continueAnswer())).toMatchObject({ code: 'SESSION_BUSY' });
    await rest;
  });
});
