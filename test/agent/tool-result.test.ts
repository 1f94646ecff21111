import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toolResultText } from '../../src/agent/results/tool-result.js';
import { defineTool } from '../../src/agent/tool.js';
import { runTool } from '../../src/agent/tool-runner.js';
import { canonicalJson } from '../../src/kit/canonical-json.js';

/** What the model reads of a tool that returns this, and whether the tool counts as failed. */
async function read(execute: () => unknown, limit = 2_000) {
  const tool = defineTool({ name: 'give', description: '', input: {}, execute });
  const call = { id: 'c', name: 'give', arguments: '{}', input: {} };
  const options = {
    ...{ signal: new AbortController().signal, timeoutMs: 5_000, resultLimit: limit },
    ...{ idempotencyKey: 'run.0.0', announce: async () => {} },
  };
  const { ok, content } = await runTool([tool], call, options);
  return { ok, content };
}

class Point {
  readonly x = 1;
  readonly #y = 2;
  sum() {
    return this.x + this.#y;
  }
}
class Sealed {
  #secret = 1;
  get() {
    return this.#secret;
  }
}
class Money {
  #cents = 250;
  toString() {
    return `${this.#cents / 100} EUR`;
  }
}
const circle = () => {
  const o: Record<string, unknown> = { a: 1 };
  o.self = o;
  return o;
};
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const unreadable = {
  // biome-ignore lint/suspicious/noThenProperty: what the case is about
  get then(): never {
    throw new Error('no then');
  },
};

describe('what JavaScript returns is shown as people expect', () => {
  test.each<[string, () => unknown, string]>([
    ['an integer beyond double', () => ({ size: 9007199254740993n }), '{"size":9007199254740993}'],
    ['a BigInt', () => -(2n ** 70n), '-1180591620717411303424'],
    ['a Map', () => new Map([['b', 1], ['a', 2]]), '{"a":2,"b":1}'], // biome-ignore format: pairs
    ['a Map of numbers', () => new Map([[2, 'b'], [1, 'a']]), '{"1":"a","2":"b"}'], // biome-ignore format: pairs
    ['a Map with keys of one name', () => new Map<unknown, number>([[1, 1], ['1', 2]]), '[[1,1],["1",2]]'], // biome-ignore format: pairs
    ['a Map with objects as keys', () => new Map([[{ a: 1 }, 2]]), '[[{"a":1},2]]'],
    ['a Set', () => new Set([3, 1, 2n]), '[3,1,2]'],
    ['an Error', () => new TypeError('no such city'), '{"error":"no such city"}'],
    ['an Error without a message', () => new RangeError(), '{"error":"RangeError"}'],
    ['a cause', () => new Error('outer', { cause: new Error('inner') }), '{"cause":{"error":"inner"},"error":"outer"}'],
    [
      'a code',
      () => Object.assign(new Error('gone'), { code: 'ENOENT', request: {} }),
      '{"code":"ENOENT","error":"gone"}',
    ],
    ['several errors', () => new AggregateError([new Error('a')], 'all'), '{"error":"all","errors":[{"error":"a"}]}'],
    ['Headers', () => new Headers({ 'X-B': '1', a: '2' }), '{"a":"2","x-b":"1"}'],
    ['a URL', () => new URL('http://a.b/c?d'), '"http://a.b/c?d"'],
    ['URLSearchParams', () => new URLSearchParams({ a: '1' }), '"a=1"'],
    ['a Date', () => [new Date(0), new Date(Number.NaN)], '["1970-01-01T00:00:00.000Z","[no date]"]'],
    ['a RegExp', () => /a"b/gi, '"/a\\"b/gi"'],
    ['numbers that JSON has not', () => [Number.NaN, -1 / 0, -0], '["NaN","-Infinity",0]'],
    ['boxed values', () => [Object(1n), Object('a'), Object(true)], '[1,"a",true]'],
    ['a typed array', () => [new Float32Array([0.5, 2]), new BigInt64Array([1n])], '[[0.5,2],[1]]'],
    ['a Buffer of text', () => Buffer.from('grün\n'), 'grün\n'],
    ['bytes of text inside', () => ({ out: new TextEncoder().encode('ok').buffer }), '{"out":"ok"}'],
    ['other bytes', () => Buffer.from([0, 255, 1]), '{"base64":"AP8B","bytes":3}'],
    ['a DataView', () => new DataView(Uint8Array.of(1, 0, 2).buffer, 1), '{"base64":"AAI=","bytes":2}'],
    ['a Blob', () => new Blob(['te', 'xt']), 'text'],
    ['nothing', () => undefined, 'done'],
    ['null', () => null, 'null'],
    ['fields without a value, and methods', () => ({ a: undefined, b: () => 1, c: 1 }), '{"c":1}'],
    ['items without a value', () => [undefined, () => 1, Symbol('s')], '[null,"[a function]","[Symbol(s)]"]'],
    ['an object of a class', () => new Point(), '{"x":1}'],
    ['an object with a text of its own', () => new Money(), '"2.5 EUR"'],
    ['an object that shows nothing', () => ({ sealed: new Sealed() }), '{"sealed":"[Sealed]"}'],
    ['toJSON', () => ({ toJSON: () => ({ z: 1n }) }), '{"z":1}'],
    ['toJSON that gives itself', () => ({ a: 1, toJSON() { return this; } }), '{"a":1}'], // biome-ignore format: short
    ['an iterable', () => ({ *[Symbol.iterator]() { yield 1; yield { b: 2 }; } }), '[1,{"b":2}]'], // biome-ignore format: short
    ['a generator', function* () { yield 'a'; yield 'b'; }, '["a","b"]'], // biome-ignore format: short
    ['an async generator', async function* () { yield 'a'; yield 1n; }, '["a",1]'], // biome-ignore format: short
    [
      'a stream of text',
      () => Readable.from([Buffer.from('a\xe4'), Buffer.from('b')], { objectMode: false }),
      'a\xe4b',
    ],
    ['a stream of objects', () => Readable.from([{ a: 1 }, 2]), '[{"a":1},2]'],
    ['a web stream of bytes', () => new Blob(['ab']).stream(), 'ab'],
    ['a Response with JSON', () => Response.json({ b: 1, a: 2 }), '{"body":{"a":2,"b":1},"status":200}'],
    ['a Response that says no', () => new Response('gone', { status: 410 }), '{"body":"gone","status":410}'],
    ['a Response without a body', () => new Response(null, { status: 204 }), '{"body":"","status":204}'],
    ['a promise inside', () => ({ a: Promise.resolve(1) }), '{"a":"[a promise that was not awaited]"}'],
    ['half an emoji', () => 'a\ud83d', 'a\ufffd'],
    ['half an emoji inside', () => ({ 'k\udc00': 'a\ud83d' }), '{"k\ufffd":"a\ufffd"}'],
  ])('%s', async (_what, execute, content) => {
    expect(await read(execute)).toEqual({ ok: true, content });
  });

  test('plain JSON is canonical JSON', () => {
    const limit = Number.MAX_SAFE_INTEGER;
    const json = fc.jsonValue().filter((value) => typeof value !== 'string' && canonicalJson(value).isWellFormed());
    const same = fc.property(json, (value) => {
      expect(toolResultText(value, limit)).toBe(canonicalJson(value));
    });
    fc.assert(same, { seed: 5 });
    expect(toolResultText({ b: 1, 10: 1, 9: 1, __proto__: null, a: 1 }, limit)).toBe('{"9":1,"10":1,"a":1,"b":1}');
  });
});

describe('a result that cannot be shown is no failed tool: it has done its work', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['a function', () => () => 1, /^done, but the result is a function and cannot be shown$/],
    ['a symbol', () => Symbol('s'), /^done, but the result is a symbol/],
    ['a circle', circle, /^\{"a":1,"self":"\[circular\]"\}$/],
    ['toJSON that throws', () => ({ a: 1, b: { toJSON() { throw new Error('no'); } } }), /^\{"a":1,"b":"\[cannot be shown: no\]"\}$/], // biome-ignore format: short
    ['a getter that throws', () => ({ get a() { throw new Error('no'); }, b: 1 }), /^\{"a":"\[cannot be shown: no\]","b":1\}$/], // biome-ignore format: short
    ['a getter that throws what has no text', () => ({ get a() { throw Object.create(null); } }), /what was thrown has no text/], // biome-ignore format: short
    ['a revoked proxy', revoked, /cannot be shown/],
    ['a revoked proxy inside', () => [revoked(), 1], /^\["\[cannot be shown: .*\]",1\]$/],
    ['a proxy that refuses', () => new Proxy({}, { ownKeys: () => { throw new Error('mine'); } }), /mine/], // biome-ignore format: short
    ['a proxy of a Map', () => ({ map: new Proxy(new Map(), {}) }), /cannot be shown/],
    ['then that throws', () => unreadable, /cannot be shown: no then/],
    ['an iterator that is none', () => ({ [Symbol.iterator]: 1 }), /cannot be shown/],
    ['depth', () => { let o: unknown = 1; for (let i = 0; i < 50_000; i++) o = [o]; return o; }, /deeper than 100 levels/], // biome-ignore format: short
    ['a body that was read', async () => { const r = new Response('a'); await r.text(); return r; }, /read before/], // biome-ignore format: short
  ])('%s', async (_what, execute, content) => {
    const shown = await read(execute);
    expect(shown.ok).toBe(true);
    expect(shown.content).toMatch(content);
  });

  test('what a tool throws while it gives its result is its failure', async () => {
    const failing = async function* () {
      yield 1;
      throw new Error('the line broke');
    };
    expect(await read(failing)).toEqual({ ok: false, content: '{"error":"the line broke"}' });
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
    expect(await read(() => new Response(body))).toEqual({ ok: false, content: '{"error":"reset"}' });
  });
});

describe('huge results', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['an endless iterable', function* () { for (;;) yield 1; }, /^\[1,1.*\n\[cut: the first 100 of /s], // biome-ignore format: short
    ['an endless async iterable', async function* () { for (;;) yield 1; }, /^\[1,1.*\n\[cut: the first 100 of /s], // biome-ignore format: short
    ['an endless body', () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536).fill(97)) })), /^\{"body":"aaa.*cut/s], // biome-ignore format: short
    [
      'a million items',
      () => Array.from({ length: 5_000_000 }, (_, i) => i),
      /^\[0,1,2,.*more than 2\d{5} characters/s,
    ],
    ['a million fields', () => Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, i])), /cut/],
    ['a large Map', () => new Map(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, i])), /cut/],
    ['a large Buffer', () => Buffer.alloc(50_000_000, 'a'), /^a{100}\n\[cut/],
    ['a long text inside', () => ({ a: 'a'.repeat(20_000_000) }), /^\{"a":"aaa.*more than/s],
    ['shared parts that multiply', () => { let o: unknown = 'leaf'; for (let i = 0; i < 90; i++) o = [o, o]; return o; }, /cut/], // biome-ignore format: short
  ])('%s is cut', async (_what, execute, content) => {
    const shown = await read(execute, 100);
    expect(shown.ok).toBe(true);
    expect(shown.content).toMatch(content);
    expect(shown.content.length).toBeLessThan(200);
  });
});

describe('results of MCP servers', () => {
  const text = (value: string) => ({ type: 'text', text: value });
  test.each<[string, unknown, { ok: boolean; content: string }]>([
    ['isError', { content: [text('no such file')], isError: true }, { ok: false, content: '{"error":"no such file"}' }],
    ['isError without words', { content: [], isError: true }, { ok: false, content: '{"error":"failed"}' }],
    ['texts', { content: [text('a'), text('b')], isError: false }, { ok: true, content: 'a\nb' }],
    [
      'structured and its text',
      { content: [text('{"b": 1, "a": 2}')], structuredContent: { a: 2, b: 1 } },
      { ok: true, content: '{"a":2,"b":1}' },
    ],
    [
      'structured, its text and other words',
      { content: [text('two:'), text('{"b": 1, "a": 2}'), text('.')], structuredContent: { a: 2, b: 1 } },
      { ok: true, content: 'two:\n{"a":2,"b":1}\n.' },
    ],
    [
      'structured and other words',
      { content: [text('two')], structuredContent: { n: 2 } },
      { ok: true, content: 'two\n{"n":2}' },
    ],
    ['structured alone', { content: [], structuredContent: { b: 1, a: 2n } }, { ok: true, content: '{"a":2,"b":1}' }],
    [
      'an image',
      { content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] },
      { ok: true, content: '[image, image/png, 3 bytes]' },
    ],
    [
      'a resource',
      { content: [{ type: 'resource', resource: { uri: 'file:///a', text: 'inside' } }] },
      { ok: true, content: 'inside' },
    ],
    [
      'a binary resource',
      { content: [{ type: 'resource', resource: { uri: 'file:///a', blob: 'AAAA' } }] },
      { ok: true, content: '[file:///a, unknown type, 3 bytes]' },
    ],
    [
      'a link',
      { content: [{ type: 'resource_link', uri: 'file:///a', name: 'a' }] },
      { ok: true, content: '[a: file:///a]' },
    ],
    [
      'what only looks alike',
      { content: [text('a')], author: 'b' },
      { ok: true, content: '{"author":"b","content":[{"text":"a","type":"text"}]}' },
    ],
    ['isError of something else', { isError: true }, { ok: true, content: '{"isError":true}' }],
    ['an empty list', { content: [] }, { ok: true, content: '{"content":[]}' }],
  ])('%s', async (_what, result, shown) => {
    expect(await read(() => result)).toEqual(shown);
  });
});
