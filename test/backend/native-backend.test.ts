import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EventRouter } from '../../src/backend/event-router.js';
import { NativeBackend } from '../../src/backend/native-backend.js';
import { Engine } from '../../src/engine/engine.js';
import type { NativeEngine } from '../../src/native/binding.js';
import type { NativeModelInfo } from '../../src/native/reports/model-info.js';
import { codeOf, errorOf } from '../support/expect-code.js';

/** An addon of which only these calls are there. */
function backendOf(calls: Partial<NativeEngine>): NativeBackend {
  const info = { maxContext: 100, longestToken: 8 } as NativeModelInfo;
  return new NativeBackend({ info, ...calls } as NativeEngine, new EventRouter());
}

test('a request whose end never comes ends with the engine', async () => {
  const engine = new Engine(backendOf({ submit: () => 1, cancel: () => true, close: async () => {} }));
  const generation = engine.generate([1, 2, 3]);
  await turn();
  await engine.close();
  expect(await codeOf(() => generation)).toBe('CLOSED');
});

test('an addon that cannot close ends its requests all the same, and says so', async () => {
  const close = () => Promise.reject(new Error('the thread is gone'));
  const engine = new Engine(backendOf({ submit: () => 1, cancel: () => true, close }));
  const generation = engine.generate([1, 2, 3]);
  await turn();
  expect(await errorOf(() => engine.close())).toMatchObject({ name: 'BanyanError', code: 'ENGINE_FAILED' });
  expect(await codeOf(() => generation)).toBe('CLOSED');
});

const plain = (code: string, field: string) => Object.assign(new Error('no'), { code, field });

test('failures of the addon have the names of the options, thrown or rejected', async () => {
  const backend = backendOf({
    tokenize: () => {
      throw plain('INVALID_OPTION', 'salt');
    },
    stats: () => Promise.reject(plain('STEP_FAILED', 'sampling.topK')),
    pin: () => {
      throw plain('INVALID_OPTION', 'ttlMs');
    },
  });
  expect(await errorOf(() => backend.tokenize('a', true))).toMatchObject({ name: 'BanyanError', field: 'tenant' });
  expect(await errorOf(() => backend.stats())).toMatchObject({ name: 'BanyanError', field: 'topK' });
  const pinned = backend.pin('', new Int32Array(1), 1, 1); // rejects, and does not throw
  expect(await errorOf(() => pinned)).toMatchObject({ name: 'BanyanError', field: 'ttlMs' });
});

test('advice that the addon refuses is not recorded', async () => {
  const router = new EventRouter();
  const hint = () => {
    throw plain('INVALID_OPTION', 'tool');
  };
  const backend = new NativeBackend({ hint } as Partial<NativeEngine> as NativeEngine, router);
  let heard = 0;
  Object.assign(router, { recorder: { hint: () => heard++ } });
  const tokens = new Int32Array(0);
  const advice = { kind: 'tool-ended' as const, tool: '', expectedMs: 0, salt: '', tokens, steps: 1, from: 0 };
  expect(await codeOf(() => backend.hint(1, advice))).toBe('INVALID_OPTION');
  expect(heard).toBe(0);
});

test.each([[undefined], [{}], [{ model: 'model.gguf' }], ['model.gguf']])(
  'new Engine(%j) says how one is made',
  async (given) => {
    const error = await errorOf(() => new Engine(given as never));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'backend' });
    expect((error as Error).message).toContain('await Engine.load(');
  },
);
