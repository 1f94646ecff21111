import { expect, test, vi } from 'vitest';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { codeOf } from '../support/expect-code.js';

const messages = (content: string) => [{ role: 'user' as const, content }];

test('messages are a beginning: no answer is asked for, so that others that go on from it match', async () => {
  const { engine, native } = scripted(() => 'ok');
  await engine.generate(messages('one'));
  const { matchedTokens, promptTokens } = await engine.explain(messages('one'));
  expect(native.renders.at(-1)).toMatchObject({ addGenerationPrompt: false });
  expect(matchedTokens).toBe(promptTokens);
});

test('a miss names what lay there and what the prompt has', async () => {
  const { engine } = scripted(() => 'ok');
  await engine.generate('a day in Oslo');
  const miss = { reason: 'diverged', promptTokens: 14, matchedTokens: 10, after: '<s>a day in ', actual: 'R' };
  expect(await engine.explain('a day in Rome')).toEqual({ ...miss, expected: undefined });
  const { engine: revealing } = scripted(() => 'ok', true);
  await revealing.generate('a day in Oslo');
  expect(await revealing.explain('a day in Rome')).toEqual({ ...miss, expected: 'O' });
});

test('tenant, tools and time to live reach the engine', async () => {
  const { engine, native } = scripted(() => 'ok');
  const [explain, pin] = [vi.spyOn(native, 'explain'), vi.spyOn(native, 'pin')];
  await engine.explain('x', { tenant: 'a' });
  await engine.pin('x', { tenant: 'b', ttlMs: 7 });
  await engine.pin('x');
  expect(explain).toHaveBeenCalledWith('a', expect.any(Int32Array));
  expect((pin.mock.calls as unknown[][]).map(([salt, , ttlMs]) => [salt, ttlMs])).toEqual([
    ['b', 7],
    ['', 300_000],
  ]);
  const tools = [{ name: 'add', description: '', parameters: {} }];
  await engine.pin(messages('x'), { tools });
  expect(native.renders.at(-1)?.tools).toHaveLength(1);
});

test('a pin of nothing, and one of an engine that is gone, have nothing to release', async () => {
  const { engine } = scripted(() => 'ok');
  expect(await (await engine.pin('never seen')).release()).toBe(false);
  await engine.generate('seen');
  await using pin = await engine.pin('seen');
  expect(pin.tokens).toBeGreaterThan(0);
  await engine.close();
  expect(await pin.release()).toBe(false);
  expect(await codeOf(() => engine.pin('seen'))).toBe('CLOSED');
});
