import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, BanyanError, defineTool, Engine } from '../../src/index.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';

// Every public call with every hostile value in every place: it works or gives a BanyanError, and the engine lives on.

let engine: Engine;
const folder = mkdtempSync(join(tmpdir(), 'banyan-hostile-'));
const model = randomModel(ENDING_MODEL);
beforeAll(async () => {
  engine = await openEngine(ENDING_MODEL);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const refuse = () => {
  throw new RangeError('mine');
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const traps = { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse };

/** These cannot be read: a reader gets a RangeError or a TypeError, which must not come out. */
const UNREADABLE: [string, () => unknown][] = [
  ['a proxy that was revoked', revoked],
  ['a proxy that refuses everything', () => new Proxy({}, traps)],
  ['a list that refuses everything', () => new Proxy([], { ...traps, getPrototypeOf: () => Array.prototype })],
  ['a list with an item that throws', () => Object.defineProperty([1], 0, { get: refuse, enumerable: true })],
  ['an object whose fields throw', () => Object.defineProperties({}, fields(refuse))],
  ['a signal that is an imitation', () => Object.create(AbortSignal.prototype)],
  ['a signal behind a proxy', () => new Proxy(AbortSignal.timeout(10_000), {})],
  ['numbers behind a proxy', () => new Proxy(Int32Array.of(1, 2), {})],
];

const ODD: [string, () => unknown][] = [
  ...UNREADABLE,
  ['null', () => null],
  ['not a number', () => Number.NaN],
  ['infinity', () => Number.POSITIVE_INFINITY],
  ['minus one', () => -1],
  ['a large number', () => 2 ** 60],
  ['a BigInt', () => 5n],
  ['a symbol', () => Symbol('s')],
  ['a function', () => refuse],
  ['half a surrogate pair', () => 'a\ud800'],
  ['a NUL', () => 'a\0b'],
  ['a long text', () => 'x'.repeat(200_000)],
  ['no text', () => ''],
  ['true', () => true],
  ['an empty list', () => []],
  ['a list with holes', () => new Array(3)],
  ['an empty object', () => ({})],
  ['an object without a prototype', () => Object.create(null)],
  ['a frozen object', () => Object.freeze({ a: Object.freeze([]) })],
  ['an object that claims to be long', () => ({ length: 2 ** 40 })],
  ['keys of prototypes', () => JSON.parse('{"__proto__": {"temperature": -1}, "constructor": 1, "toString": 2}')],
  ['a circle', circle],
  ['what has no text', () => ({ toString: refuse, valueOf: refuse, toJSON: refuse })],
  ['numbers that change', () => ({ valueOf: () => Math.random() })],
];

/** Names that some call reads. */
const NAMES = [
  ...['temperature', 'topK', 'topP', 'minP', 'repeatPenalty', 'frequencyPenalty', 'presencePenalty', 'penaltyLastN'],
  ...[
    'seed',
    'logprobs',
    'maxTokens',
    'logitBias',
    'promptLogprobs',
    'stop',
    'schema',
    'grammar',
    'toolChoice',
    'parallelToolCalls',
    'thinking',
  ],
  ...['signal', 'class', 'program', 'deadlineMs', 'ttftLimitMs', 'group', 'cache', 'tools', 'tenant', 'system'],
  ...['messages', 'ttlMs', 'steps', 'from', 'expectedMs', 'special', 'addSpecial', 'engine', 'limits', 'forceTools'],
  ...['session', 'journal', 'overwrite', 'tokens', 'role', 'content', 'toolCalls', 'toolCallId', 'name', 'id', 'size'],
  ...['reasoning', 'arguments', 'input', 'description', 'parameters', 'execute', 'check', 'timeoutMs', 'idempotent'],
  ...['model', 'modelsDirectory', 'gpuLayers', 'threads', 'kvTokens', 'pageTokens', 'maxRunning', 'maxBatchTokens'],
  ...['maxContext', 'kvType', 'attention', 'prefixCache', 'batching', 'chatTemplate', 'policy', 'onProgress', 'k', 'v'],
  ...['prompt', 'staticTokens', 'message', 'finishReason', 'append', 'entries', 'tool'],
];

function fields(get: () => unknown): PropertyDescriptorMap {
  return Object.fromEntries(NAMES.map((name) => [name, { get, enumerable: true }]));
}

function circle(): unknown {
  const whole: { a: unknown } = { a: undefined };
  whole.a = whole;
  return whole;
}

const user = { role: 'user', content: 'Hi' };
const spec = { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } };
const tool = () => defineTool({ name: 'look', description: 'Looks', input: { type: 'object' }, execute: () => 1 });
const turn = {
  ...{ prompt: [1, 2], tokens: [3], staticTokens: 0, finishReason: 'stop' },
  message: { content: 'a', reasoning: '', toolCalls: [{ id: 'a', name: 'look', arguments: '{}' }] },
};
let files = 0;
const newPath = () => join(folder, `${files++}.jsonl`);

/** A call, its arguments as they should be, and what runs. */
type Call = [string, () => unknown[], (...args: never[]) => unknown];
const run = (call: (...args: never[]) => unknown) => call;
const CALLS: Call[] = [
  [
    'generate',
    () => [[user], { ...turnOptions(), tools: [spec], tenant: 'a' }],
    run((prompt, options) => engine.generate(prompt, options)),
  ],
  [
    'generate with calls',
    () => [
      [
        user,
        { role: 'assistant', content: '', toolCalls: [{ id: 'a', name: 'look', arguments: '{}', input: {} }] },
        { role: 'tool', toolCallId: 'a', name: 'look', content: '1' },
      ],
      { maxTokens: 1 },
    ],
    run((prompt, options) => engine.generate(prompt, options)),
  ],
  ['generate of tokens', () => [[1, 2], { maxTokens: 1 }], run((prompt, options) => engine.generate(prompt, options))],
  [
    'session',
    () => [{ system: 's', messages: [user], tools: [spec], tenant: 'a', maxTokens: 1 }, user, turnOptions()],
    run((options, message, more) => engine.session(options).generate(message, more)),
  ],
  ['restore', () => [user, turn], run((message, last) => engine.session().restore(message, last))],
  [
    'explain',
    () => [[user], { tools: [spec], tenant: 'a' }],
    run((prompt, options) => engine.explain(prompt, options)),
  ],
  [
    'pin',
    () => [[user], { tools: [spec], tenant: 'a', ttlMs: 1 }],
    run(async (prompt, options) => (await engine.pin(prompt, options)).release()),
  ],
  ['tokenize', () => ['a', { addSpecial: true }], run((text, options) => engine.tokenize(text, options))],
  ['detokenize', () => [[1, 2], { special: true }], run((tokens, options) => engine.detokenize(tokens, options))],
  [
    'record',
    () => [newPath(), { tokens: 'ids', overwrite: true }],
    run(async (path, options) => (await engine.record(path, options)).stop()),
  ],
  [
    'nextPrefix',
    () => [[user], { steps: 1, tenant: 'a' }],
    run((prompt, options) => engine.program().nextPrefix(prompt, options)),
  ],
  [
    'branchAbandoned',
    () => [[user], { from: 1, tenant: 'a' }],
    run((prompt, options) => engine.program().branchAbandoned(prompt, options)),
  ],
  [
    'toolStarted',
    () => ['look', { expectedMs: 1 }],
    run((name, options) => engine.program().toolStarted(name, options)),
  ],
  ['toolEnded', () => ['look'], run((name) => engine.program().toolEnded(name))],
  [
    'defineTool',
    () =>
      [
        { ...spec, parameters: undefined, input: { type: 'object' }, execute: () => 1, timeoutMs: 9, idempotent: true },
      ].map(({ parameters: _, ...rest }) => rest),
    run((definition) => defineTool(definition)),
  ],
  [
    'agent.run',
    () => [
      { engine, tools: [tool()], system: 's', maxTokens: 1, limits: { maxSteps: 1, maxTokens: 1, timeoutMs: 5_000 } },
      [user],
      { journal: newPath() },
    ],
    run((options, input, more) => new Agent(options).run(input, more)),
  ],
  [
    'agent.resume',
    () => [{ append: () => {}, entries: () => [] }, {}],
    run((journal, options) => new Agent({ engine, maxTokens: 1 }).resume(journal, options)),
  ],
  [
    'Engine.load',
    () => [
      {
        ...{ model, kvTokens: 256, threads: 1, kvType: { k: 'f16', v: 'f16' }, policy: { cost: { step: 1 } } },
        ...{ signal: AbortSignal.abort(), gpuLayers: 0, maxRunning: 1, maxContext: 64, chatTemplate: '' },
      },
    ],
    run(async (options) => (await Engine.load(options)).close()),
  ],
];

function turnOptions() {
  return {
    ...{
      temperature: 0,
      topK: 1,
      seed: 1,
      maxTokens: 1,
      stop: ['x'],
      toolChoice: 'auto',
      thinking: true,
      class: 'workflow',
    },
    ...{
      signal: new AbortController().signal,
      program: engine.program(),
      deadlineMs: 5_000,
      group: { id: 1, size: 1 },
    },
    ...{ cache: true, ttftLimitMs: 60_000, logprobs: 0, promptLogprobs: 0, logitBias: { 1: -1, 2: 2.5 } },
  };
}

/** Every place in the arguments: the arguments themselves, their fields and items, and so on. */
function places(value: unknown, depth = 0): (string | number)[][] {
  const isData = Array.isArray(value) || Object.getPrototypeOf(Object(value)) === Object.prototype;
  if (!isData || typeof value !== 'object' || value === null || depth > 4) return [[]];
  const inner = Object.entries(value).flatMap(([key, item]) => places(item, depth + 1).map((at) => [key, ...at]));
  return depth === 0 ? inner : [[], ...inner];
}

function replaced(value: unknown, [key, ...rest]: (string | number)[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  Object.assign(copy, { [key]: replaced((value as never)[key], rest, by) });
  return copy;
}

async function outcomeOf(call: Call[2], args: unknown[]): Promise<unknown> {
  try {
    await call(...(args as never[]));
    return undefined;
  } catch (reason) {
    return reason;
  }
}

describe.each(CALLS)('%s', (_name, args, call) => {
  test.each(ODD)('with %s in any place', { timeout: 60_000 }, async (what, odd) => {
    for (const place of places(args())) {
      const reason = await outcomeOf(call, replaced(args(), place, odd()) as unknown[]);
      const at = `${what} at ${place.join('.')}`;
      if (reason === undefined) continue;
      expect(reason, at).toBeInstanceOf(BanyanError);
      expect((reason as BanyanError).code, `${at}: ${(reason as Error).stack}`).not.toBe('ENGINE_FAILED');
      if ((reason as BanyanError).code.startsWith('INVALID_'))
        expect((reason as BanyanError).field, `${at}: ${(reason as Error).message}`).toBeTypeOf('string');
    }
    expect((await engine.generate('still here', { maxTokens: 1 })).usage.promptTokens).toBeGreaterThan(0);
  });
});

test('what a getter answers the second time changes nothing', async () => {
  let reads = 0;
  const options = Object.defineProperty({ maxTokens: 1 }, 'tenant', { enumerable: true, get: () => `t${reads++}` });
  await engine.generate('Whose is it?', options);
  expect(reads).toBe(1);
  const message = Object.defineProperty({ role: 'user' as const, content: '' }, 'content', {
    get: () => `c${reads++}`,
  });
  reads = 0;
  const session = engine.session();
  await session.generate(message, { maxTokens: 1 });
  expect([reads, session.messages[0]?.content]).toEqual([1, 'c0']);
});

test('names that differ in half a surrogate pair are refused, texts are repaired', async () => {
  for (const options of [{ tenant: 'a\ud800' }, { stop: ['\udc00'] }, { grammar: '\ud800' }])
    expect(
      await outcomeOf(
        run(() => engine.generate('x', options)),
        [],
      ),
    ).toMatchObject({ code: 'INVALID_OPTION' });
  const [repaired, cut] = await Promise.all(
    ['a\ufffd b', 'a\ud83d b'].map((text) => engine.generate(text, { maxTokens: 4, temperature: 0 })),
  );
  expect(cut?.tokens).toEqual(repaired?.tokens);
  const session = engine.session();
  await session.generate('a\ud83d', { maxTokens: 1 });
  expect(session.messages[0]?.content).toBe('a\ufffd');
});

test('what others put on every object is no option', async () => {
  Object.defineProperty(Object.prototype, 'temperature', { value: -1, configurable: true });
  try {
    expect((await engine.generate('x', { maxTokens: 1 })).usage.promptTokens).toBeGreaterThan(0);
  } finally {
    Reflect.deleteProperty(Object.prototype, 'temperature');
  }
});

test('a hundred thousand messages are too many, and it says so', async () => {
  const reason = await outcomeOf(
    run(() => engine.generate(Array.from({ length: 100_000 }, () => ({ ...user }) as never))),
    [],
  );
  expect(reason).toMatchObject({ code: 'INVALID_MESSAGES', field: 'messages' });
});
