import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { toNativeEngineOptions } from '../../src/engine/engine-options.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { errorOf } from '../support/expect-code.js';

describe('Engine.load', () => {
  test.each([
    ['threads', { threads: 1.5 }],
    ['threads', { threads: -1 }],
    ['kvTokens', { kvTokens: Number.NaN }],
    ['maxRunning', { maxRunning: 0 }],
    ['maxRunning', { maxRunning: 257 }],
    ['kvType.k', { kvType: 'f8' }],
    ['kvType.v', { kvType: { k: 'f16' } }],
    ['kvType', { kvType: null }],
    ['stateBytes', { stateBytes: -1 }],
    ['K', { kvType: { k: 'f16', v: 'f16', K: 'f16' } }],
    ['attention', { attention: 'flash' }],
    ['prefixCache', { prefixCache: 'yes' }],
    ['chatTemplate', { chatTemplate: 7 }],
    ['toolFormat', { toolFormat: 'native' }],
    ['gpuLayers', { gpuLayers: 'all' }],
    ['signal', { signal: {} }],
    ['onProgress', { onProgress: 'loud' }],
    ['model', { model: 7 }],
    ['modle', { modle: 'x.gguf' }],
    ['options', 7],
    ['options', null],
  ])('names the field: %s', async (field, options) => {
    expect(await errorOf(() => Engine.load(options as never))).toMatchObject({ code: 'INVALID_OPTION', field });
  });

  test('the defaults are those of the documentation', () => {
    expect(toNativeEngineOptions({})).toEqual({
      ...{
        modelPath: '',
        gpuLayers: -1,
        threads: 1,
        kvTokens: 0,
        stateBytes: 0,
        pageTokens: 32,
        maxRunning: 16,
        maxBatchTokens: 512,
      },
      ...{ maxContext: 0, kvTypeK: 'f16', kvTypeV: 'f16', attention: 'auto', prefixCache: true, batching: true },
      ...{ exact: false, draftTokens: 'off', draftModel: '', chatTemplate: '', toolFormat: 'auto' },
      ...{ pooling: 'auto', policy: {} },
      cache: { dir: '', bytes: 10 * 2 ** 30, dailyWriteBytes: 100e9, freeShare: 1, prefetch: 0, network: false },
    });
    expect(toNativeEngineOptions({ model: 'x.gguf' }).threads).toBe(0);
    expect(toNativeEngineOptions({ kvType: { k: 'q8_0', v: 'q4_0' } })).toMatchObject({
      kvTypeK: 'q8_0',
      kvTypeV: 'q4_0',
    });
  });

  test('a missing model file says so', async () => {
    const error = await errorOf(() => Engine.load({ model: '/nowhere/model.gguf' }));
    expect(error).toMatchObject({ code: 'MODEL_NOT_FOUND', field: 'model' });
  });

  test('an aborted load does not start', async () => {
    const error = await errorOf(() => Engine.load({ model: 'x.gguf', signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ABORTED' });
  });
});

describe('engine.generate', () => {
  const messages = [{ role: 'user', content: 'x' }];
  const tool = { name: 'add', description: '', parameters: { type: 'object' } };
  test.each([
    ['INVALID_OPTION', 'temperature', 'x', { temperature: -1 }],
    ['INVALID_OPTION', 'topK', 'x', { topK: 1.5 }],
    ['INVALID_OPTION', 'topP', 'x', { topP: 2 }],
    ['INVALID_OPTION', 'seed', 'x', { seed: 2 ** 32 }],
    ['INVALID_OPTION', 'logprobs', 'x', { logprobs: 21 }],
    ['INVALID_OPTION', 'maxTokens', 'x', { maxTokens: -1 }],
    ['INVALID_OPTION', 'promptLogprobs', 'x', { promptLogprobs: 21 }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: [1] }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: { '': 1 } }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: { '-1': 1 } }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: { '07': 1 } }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: { '1e3': 1 } }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: { 9999999999: 1 } }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: Object.fromEntries([...Array(1_025)].map((_, id) => [id, 1])) }],
    ['INVALID_OPTION', 'logitBias', 'x', { logitBias: null }],
    ['INVALID_OPTION', 'logitBias.7', 'x', { logitBias: { 7: 101 } }],
    ['INVALID_OPTION', 'logitBias.7', 'x', { logitBias: { 7: Number.NaN } }],
    ['INVALID_OPTION', 'logitBias.7', 'x', { logitBias: { 7: '1' } }],
    ['INVALID_OPTION', 'logitBias.7', 'x', { logitBias: { 7: undefined } }],
    ['INVALID_OPTION', 'class', 'x', { class: 'urgent' }],
    ['INVALID_OPTION', 'program', 'x', { program: -1 }],
    ['INVALID_OPTION', 'tenant', 'x', { tenant: 7 }],
    ['INVALID_OPTION', 'stop[1]', 'x', { stop: ['a', ''] }],
    ['INVALID_OPTION', 'stop', 'x', { stop: 7 }],
    ['INVALID_OPTION', 'class', 'x', { class: Symbol('interactive') }],
    ['INVALID_OPTION', 'options', 'x', null],
    ['INVALID_OPTION', 'tools[0]', messages, { tools: [null] }],
    ['INVALID_OPTION', 'tools[0].description', messages, { tools: [{ ...tool, description: undefined }] }],
    ['INVALID_OPTION', 'tools[0].parameters', messages, { tools: [{ ...tool, parameters: 'none' }] }],
    ['INVALID_OPTION', 'grammar', 'x', { grammar: 'root ::= "a"', schema: {} }],
    ['INVALID_OPTION', 'grammar', messages, { grammar: 'root ::= "a"', tools: [tool] }],
    ['INVALID_OPTION', 'tools', 'x', { tools: [tool] }],
    ['INVALID_OPTION', 'tools', messages, { tools: {} }],
    ['INVALID_OPTION', 'tools[1].name', messages, { tools: [tool, tool] }],
    ['INVALID_OPTION', 'tools[0].name', messages, { tools: [{ ...tool, name: 'a b' }] }],
    ['INVALID_OPTION', 'toolChoice', messages, { tools: [tool], toolChoice: 'must' }],
    ['INVALID_OPTION', 'toolChoice.tool', messages, { tools: [tool], toolChoice: { tool: 'sub' } }],
    ['INVALID_OPTION', 'temprature', 'x', { temprature: 1 }],
    ['INVALID_OPTION', 'prompt[1]', [1, -2], {}],
    ['INVALID_OPTION', 'prompt[1]', [1, 2.5], {}],
    ['INVALID_SCHEMA', 'schema', 'x', { schema: 7 }],
    ['INVALID_MESSAGES', 'messages', [], {}],
    ['INVALID_MESSAGES', 'messages', undefined, {}],
    ['INVALID_MESSAGES', 'messages[1].role', [...messages, { role: 'robot', content: '' }], {}],
    ['INVALID_MESSAGES', 'messages[0].content', [{ role: 'user' }], {}],
    ['INVALID_MESSAGES', 'messages[0].toolCallId', [{ role: 'tool', content: '' }], {}],
    ['INVALID_MESSAGES', 'messages[0].toolCalls[0].id', [{ role: 'assistant', content: '', toolCalls: [{}] }], {}],
  ])('%s names %s', async (code, field, prompt, options) => {
    const { engine, native } = scripted(() => 'ok');
    expect(await errorOf(() => engine.generate(prompt as never, options as never))).toMatchObject({ code, field });
    expect(native.requests).toEqual([]);
    expect((await engine.generate('still here')).text).toBe('ok');
  });

  test('the caller may reuse its list of tokens at once', async () => {
    const { engine, native } = scripted(() => 'ok');
    const [list, array] = [[5, 6], Int32Array.of(5, 6)];
    const both = [engine.generate(list), engine.generate(array)];
    list[0] = array[0] = 9;
    await Promise.all(both);
    for (const { prompt } of native.requests) expect([...prompt]).toEqual([5, 6]);
  });

  test('what is given reaches the engine', async () => {
    const { engine, native } = scripted(() => 'ok');
    const program = engine.program();
    await engine.generate([5, 6], {
      temperature: 0,
      seed: 7,
      stop: 'END',
      class: 'background',
      program,
      tenant: 't',
      cache: false,
      maxTokens: 0,
      promptLogprobs: 3,
      logitBias: { 7: -100, 0: 0.5 },
    });
    expect(native.requests[0]).toMatchObject({
      class: 'background',
      program: program.id,
      salt: 't',
      cache: false,
      stop: ['END'],
      maxTokens: 0,
      promptLogprobs: 3,
    });
    expect(native.requests[0]?.logitBias.toSorted(([a], [b]) => a - b)).toEqual([
      [0, 0.5],
      [7, -100],
    ]);
    expect(native.requests[0]?.sampling).toMatchObject({ temperature: 0, seed: 7, logprobs: -1 });
    expect([...(native.requests[0]?.prompt ?? [])]).toEqual([5, 6]);
  });
});

describe('the other calls', () => {
  type Call = (engine: Engine) => unknown;
  test.each<[string, string, Call]>([
    ['INVALID_OPTION', 'options', (e) => e.session(null as never)],
    ['INVALID_OPTION', 'messages', (e) => e.session({ messages: 'x' as never })],
    ['INVALID_OPTION', 'options', (e) => e.session().generate('x', null as never)],
    ['INVALID_MESSAGES', 'messages[0].role', (e) => e.session().generate(7 as never)],
    ['INVALID_OPTION', 'tenent', (e) => e.explain('x', { tenent: 'a' } as never)],
    ['INVALID_OPTION', 'options', (e) => e.explain('x', null as never)],
    ['INVALID_OPTION', 'options', (e) => e.pin('x', null as never)],
    ['INVALID_OPTION', 'ttlMs', (e) => e.pin('x', { ttlMs: Number.NaN })],
    ['INVALID_OPTION', 'text', (e) => e.tokenize(7 as never)],
    ['INVALID_OPTION', 'options', (e) => e.tokenize('x', null as never)],
    ['INVALID_OPTION', 'addSpecial', (e) => e.tokenize('x', { addSpecial: 7 as never })],
    ['INVALID_OPTION', 'prompt', (e) => e.detokenize('x' as never)],
    ['INVALID_OPTION', 'special', (e) => e.detokenize([1], { special: 'yes' as never })],
  ])('%s names %s', async (code, field, call) => {
    const { engine } = scripted(() => 'ok');
    expect(await errorOf(() => call(engine))).toMatchObject({ name: 'BanyanError', code, field });
  });

  test('what was passed is shown in a few words', async () => {
    const { engine } = scripted(() => 'ok');
    const messageOf = async (value: unknown) =>
      (await errorOf(() => engine.generate('x', { class: value as never }))).message.replace(/.*, not /, '');
    expect(await messageOf('urgent')).toBe('"urgent"');
    expect(await messageOf('x'.repeat(1_000_000))).toHaveLength(61);
    expect(await messageOf(() => 'secret source')).toBe('a function');
    expect(await messageOf(Symbol('s'))).toBe('Symbol(s)');
    expect(await messageOf([])).toBe('an array');
  });
});
