import { expect, test } from 'vitest';
import { z } from 'zod';
import { Memo } from '../../src/memo/memo.js';
import type { Answer } from '../../testing/engine/scripted-answer.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { codeOf } from '../support/expect-code.js';

const COLD = { temperature: 0 };

test('equal questions are asked once, whatever does not change the answer', async () => {
  const { engine, native } = scripted(() => 'ok');
  const memo = new Memo();
  const ask = (options: object) => memo.generate(engine, 'question', options);
  await ask(COLD);
  await ask({ ...COLD, class: 'background', deadlineMs: 5, program: engine.program() });
  await ask({ ...COLD, signal: new AbortController().signal });
  expect(native.requests).toHaveLength(1);
  await ask({ ...COLD, maxTokens: 5 });
  await ask({ ...COLD, tenant: 'other' });
  await ask({ seed: 1 });
  await ask({ seed: 2 });
  await memo.generate(engine, 'Question', COLD);
  await memo.generate(engine, [{ role: 'user', content: 'question' }], COLD);
  await memo.generate(engine, [{ role: 'user', content: 'question' }], {
    ...COLD,
    tools: [{ name: 't', description: '', parameters: { type: 'object' } }] as never,
  });
  expect(native.requests).toHaveLength(8);
  expect(memo.stats).toEqual({ hits: 2, misses: 8, bypassed: 0 });
});

test('an answer that may differ is asked anew', async () => {
  const { engine, native } = scripted(() => 'ok');
  const memo = new Memo();
  await memo.generate(engine, 'question');
  await memo.generate(engine, 'question', { temperature: 0.7 });
  await memo.generate(engine, 'question', { temperature: 0.7 });
  expect(native.requests).toHaveLength(3);
  expect(memo.stats.bypassed).toBe(3);
});

test('other weights are another question', async () => {
  const [one, two] = [scripted(() => 'one'), scripted(() => 'two')];
  Object.assign(two.native.info, { digest: 'other weights' });
  const memo = new Memo();
  expect((await memo.generate(one.engine, 'q', COLD)).text).toBe('one');
  expect((await memo.generate(two.engine, 'q', COLD)).text).toBe('two');
});

test('questions at the same time wait for one answer; one who gives up takes nothing from the others', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const memo = new Memo();
  const stop = new AbortController();
  const gives = memo.generate(engine, 'q', { ...COLD, signal: stop.signal });
  const waits = [memo.generate(engine, 'q', COLD), memo.generate(engine, 'q', COLD)];
  stop.abort();
  expect(await codeOf(() => gives)).toBe('ABORTED');
  for (const answer of await Promise.all(waits)) expect(answer.text).toBe('abc');
  expect(native.requests.length).toBeLessThanOrEqual(2);
});

test('what failed is not kept, and what was not used longest goes', async () => {
  let broken = true;
  const failure: Answer = { steps: [], error: { code: 'STEP_FAILED', message: 'no luck' } };
  const { engine, native } = scripted(() => (broken ? failure : 'ok'));
  const memo = new Memo({ answers: 2 });
  const ask = (question: string) => memo.generate(engine, question, COLD);
  expect(await codeOf(() => ask('a'))).toBe('STEP_FAILED');
  broken = false;
  for (const question of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(question);
  expect(native.requests).toHaveLength(1 + 4);
  expect(await codeOf(() => new Memo({ answers: 0 }))).toBe('INVALID_OPTION');
});

test('a JSON Schema is known by what it says, a schema with code of its own by itself', async () => {
  const { engine, native } = scripted(() => '{"n":1}');
  const memo = new Memo();
  const plain = () => ({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] });
  await memo.generate(engine, 'q', { ...COLD, schema: plain() });
  await memo.generate(engine, 'q', { ...COLD, schema: plain() });
  expect(native.requests).toHaveLength(1);
  const strict = z.object({ n: z.number().refine((n) => n === 1) });
  const other = z.object({ n: z.number().refine((n) => n === 2) });
  expect((await memo.generate(engine, 'q', { ...COLD, schema: strict })).object).toEqual({ n: 1 });
  expect(await codeOf(() => memo.generate(engine, 'q', { ...COLD, schema: other }))).toBe('INVALID_OUTPUT');
});
