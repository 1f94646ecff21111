import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { toolErrorText, toolResultText } from '../../src/agent/results/tool-result.js';
import { defineTool } from '../../src/agent/tool.js';
import { runTool } from '../../src/agent/tool-runner.js';
import { toToolCall } from '../../src/chat/chat-message.js';
import { deferred } from '../../testing/engine/deferred.js';
import { errorOf } from '../support/expect-code.js';

const options = {
  signal: new AbortController().signal,
  timeoutMs: 1_000,
  resultLimit: 200,
  idempotencyKey: 'run.0.0',
  announce: async () => {},
};
const call = (name: string, json: string) => toToolCall({ id: 'c1', name, arguments: json }, 0);

const double = defineTool({
  name: 'double',
  description: 'Doubles a number',
  input: z.object({ n: z.number() }),
  execute: ({ n }) => ({ twice: n * 2 }),
});

test('arguments are checked and typed, results are canonical JSON', async () => {
  expect(await runTool([double], call('double', '{"n":2}'), options)).toMatchObject({
    ok: true,
    content: '{"twice":4}',
  });
});

test('a JSON Schema works as well', async () => {
  const tool = defineTool({
    name: 'echo',
    description: '',
    input: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
    execute: (input) => (input as { text: string }).text,
  });
  expect(await runTool([tool], call('echo', '{"text":"hi"}'), options)).toMatchObject({ ok: true, content: 'hi' });
  expect(await runTool([tool], call('echo', '{}'), options)).toMatchObject({ ok: false });
});

test.each([
  ['an unknown tool', 'triple', '{}', 'there is no tool \\"triple\\", only double'],
  ['no JSON', 'double', '{"n":', 'the arguments are no JSON'],
  ['a wrong type', 'double', '{"n":"2"}', 'invalid arguments: n: '],
  ['no object', 'double', '[1]', 'invalid arguments: '],
])('%s is a result that the model can read', async (_name, name, json, problem) => {
  const outcome = await runTool([double], call(name, json), options);
  expect(outcome.ok).toBe(false);
  expect(outcome.content).toContain(`{"error":"${problem}`);
});

const failing = (execute: () => unknown) => defineTool({ name: 'fail', description: '', input: {}, execute });

test.each([
  [
    'throws',
    () => {
      throw new Error('no disk');
    },
    '{"error":"no disk"}',
  ],
  ['rejects', () => Promise.reject(new Error('no net')), '{"error":"no net"}'],
  [
    'throws a string',
    () => {
      throw 'odd';
    },
    '{"error":"odd"}',
  ],
  [
    'rejects with what has no text',
    () => Promise.reject(Object.create(null)),
    '{"error":"what was thrown has no text"}',
  ],
])('a tool that %s', async (_name, execute, content) => {
  const outcome = await runTool([failing(execute)], call('fail', '{}'), options);
  expect(outcome.ok).toBe(false);
  expect(outcome.content.startsWith(content)).toBe(true);
});

test('a tool that hangs is left behind at its own timeout, and sees it', async () => {
  let seen: AbortSignal | undefined;
  const hang = defineTool({
    name: 'hang',
    description: '',
    input: {},
    timeoutMs: 5,
    execute: (_input, { signal }) => {
      seen = signal;
      return new Promise(() => {});
    },
  });
  expect(await runTool([hang], call('hang', '{}'), options)).toMatchObject({
    ok: false,
    content: '{"error":"no result within 5 ms"}',
  });
  expect(seen?.aborted).toBe(true);
});

test('an abort of the run ends the wait', async () => {
  const stop = new AbortController();
  const waiting = runTool([failing(() => new Promise(() => {}))], call('fail', '{}'), {
    ...options,
    signal: stop.signal,
  });
  stop.abort(new Error('the run was cancelled'));
  expect(await waiting).toMatchObject({ ok: false, content: '{"error":"the run was cancelled"}' });
});

test('long results are cut, with a note and no half characters', () => {
  expect(toolResultText('x'.repeat(300), 200)).toBe(`${'x'.repeat(200)}\n[cut: the first 200 of 300 characters]`);
  expect(toolResultText(`${'x'.repeat(199)}😀😀`, 200)).toBe(
    `${'x'.repeat(199)}\n[cut: the first 199 of 203 characters]`,
  );
  expect(toolErrorText(new Error('y'.repeat(300)), 50)).toContain('[cut: the first 50 of');
});

test('what is no text', () => {
  expect(toolResultText(undefined, 99)).toBe('done');
  expect(toolResultText(null, 99)).toBe('null');
  expect(toolResultText({ b: 1, a: [true] }, 99)).toBe('{"a":[true],"b":1}');
});

test('a wrong schema is told when the tool is defined', async () => {
  const define = () => defineTool({ name: 'bad', description: '', input: { type: 'nothing' }, execute: () => 1 });
  expect(await errorOf(define)).toMatchObject({ code: 'INVALID_SCHEMA', field: 'input of tool "bad"' });
});

test.each([
  ['definition', null],
  ['description', { description: 7 }],
  ['execute', { execute: 'now' }],
  ['timeoutMs', { timeoutMs: Number.POSITIVE_INFINITY }], // would overflow Node's timer, and fire at once
  ['expectedMs', { expectedMs: -1 }],
])('a wrong %s is told when the tool is defined', async (field, wrong) => {
  const whole = { name: 'add', description: '', input: { type: 'object' }, execute: () => 1 };
  const define = () => defineTool((wrong && { ...whole, ...wrong }) as never);
  expect(await errorOf(define)).toMatchObject({ name: 'BanyanError', code: 'INVALID_OPTION', field });
});

test('any number of tools waits at one listener of the signal', async () => {
  const { signal } = new AbortController();
  const waiting = deferred<number>();
  const tool = defineTool({ name: 'wait', description: '', input: {}, execute: () => waiting.promise });
  const runs = Array.from({ length: 12 }, () => runTool([tool], call('wait', '{}'), { ...options, signal }));
  while (getEventListeners(signal, 'abort').length === 0) await Promise.resolve();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1); // from eleven on Node warns of a leak
  waiting.resolve(1);
  await Promise.all(runs);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
