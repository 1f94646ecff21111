import { expect, test } from 'vitest';
import { asBanyanError, BanyanError } from '../../src/kit/errors.js';

const native = (code: string, field?: string) => Object.assign(new Error('why'), { code, ...(field && { field }) });

test.each([
  ['modelPath', 'model'],
  ['jsonSchema', 'schema'],
  ['kvTypeK', 'kvType.k'],
  ['salt', 'tenant'],
  ['sampling.topK', 'topK'],
  ['prompt[3]', 'prompt[3]'],
])('the native field %s is the option %s', (field, option) => {
  const error = asBanyanError(native('INVALID_OPTION', field));
  expect(error).toMatchObject({ name: 'BanyanError', code: 'INVALID_OPTION', field: option, message: 'why' });
});

test('what was thrown is kept as the cause; our own errors stay as they are', () => {
  const thrown = native('OUT_OF_MEMORY');
  expect(asBanyanError(thrown)).toMatchObject({ code: 'OUT_OF_MEMORY', field: undefined, cause: thrown });
  const own = new BanyanError('CLOSED', 'closed');
  expect(asBanyanError(own)).toBe(own);
});

test('a code of another library is no code of ours', () => {
  const foreign = native('ENOENT');
  expect(asBanyanError(foreign)).toMatchObject({ code: 'ENGINE_FAILED', cause: foreign });
});

test.each([undefined, null, 'text', 7, {}, Object.create(null), Symbol('s')])(
  'anything else (%s) is ENGINE_FAILED',
  (reason) => {
    expect(asBanyanError(reason).code).toBe('ENGINE_FAILED');
  },
);

const throwing = (name: string) => Object.defineProperty(native('OUT_OF_MEMORY', 'model'), name, { get: () => { throw new Error('mine'); } }); // biome-ignore format: short
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const refusing = new Proxy(new Error('x'), {
  get: () => {
    throw null;
  },
  getPrototypeOf: () => {
    throw undefined;
  },
});

test.each<[string, unknown, object]>([
  ['a message', throwing('message'), { code: 'OUT_OF_MEMORY', field: 'model' }],
  ['a code', throwing('code'), { code: 'ENGINE_FAILED', field: 'model', message: 'why' }],
  ['a field', throwing('field'), { code: 'OUT_OF_MEMORY', field: undefined, message: 'why' }],
  ['a revoked proxy', revoked(), { code: 'ENGINE_FAILED' }],
  ['a proxy that refuses all', refusing, { code: 'ENGINE_FAILED' }],
])('%s that cannot be read hides nothing else, and throws nothing', (_what, reason, expected) => {
  const error = asBanyanError(reason);
  expect(error).toBeInstanceOf(BanyanError);
  expect(error).toMatchObject(expected);
  expect(error.message).toBeTypeOf('string');
});
