import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBinding } from '../../src/native/binding.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { engineOptions, nativeRequest, TestEngine } from '../../testing/engine/test-engine.js';
import { errorOf } from '../support/expect-code.js';

// The addon by itself, without the checks of src/engine: names must be whole characters, texts become so.

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.open({}, { kvTokens: 1024 });
});
afterAll(() => engine.close());

const HALVES = ['a\ud800', 'a\udc00b', '\udc00\ud800', '\ufffd\ud800', '\u{1f600}\ud83d'];
const hint = {
  kind: 'tool-started',
  tool: '',
  expectedMs: 0,
  salt: '',
  tokens: new Int32Array(0),
  steps: 1,
  from: 0,
} as const;

test.each(HALVES)('half a surrogate pair in a name is refused: %j', async (name) => {
  const { native } = engine;
  const prompt = Int32Array.from(randomPrompt(1, 40));
  const calls: [string, () => unknown][] = [
    ['salt', () => native.submit(nativeRequest(prompt, { salt: name }))],
    ['stop', () => native.submit(nativeRequest(prompt, { stop: [name] }))],
    ['grammar', () => native.submit(nativeRequest(prompt, { grammar: name }))],
    ['salt', () => native.explain(name, prompt)],
    ['salt', () => native.pin(name, prompt, 1, 1)],
    ['tool', () => native.hint(1, { ...hint, tool: name })],
    ['salt', () => native.hint(1, { ...hint, kind: 'next-prefix', salt: name, tokens: prompt })],
    ['modelPath', () => load({ modelPath: name })],
    ['chatTemplate', () => load({ chatTemplate: name })],
  ];
  for (const [field, call] of calls) expect(await errorOf(call)).toMatchObject({ code: 'INVALID_OPTION', field });
  await engine.verifyIdle();
});

function load(changes: object) {
  const options = engineOptions('x.gguf', changes);
  return loadBinding().loadEngine(options, () => {}, () => {}, new Int32Array(new SharedArrayBuffer(4))); // biome-ignore format: short
}

test('U+FFFD itself is a character like others, and tenants of one name meet, of two do not', async () => {
  const prompt = randomPrompt(2, 100);
  const cached = async (salt: string) => (await engine.run(prompt, { salt, maxTokens: 1 })).usage?.cachedTokens;
  expect(await cached('a\ufffd')).toBe(0);
  expect(await cached('a\ufffd')).toBeGreaterThan(0);
  expect(await cached('\u{1f600}')).toBe(0);
  expect(await cached('a\ufffd\ufffd')).toBe(0);
});

test('in a text it becomes U+FFFD', () => {
  const { native } = engine;
  expect([...native.tokenize('a\ud800', false, true)]).toEqual([...native.tokenize('a\ufffd', false, true)]);
});
