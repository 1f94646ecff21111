import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toTemplateArguments } from '../../src/chat/template-arguments.js';

test('what C++ reads too stays as it was written', () => {
  for (const json of [
    '{ "a" : 1.0,\n "b":[1e5, -0, 9007199254740993] }',
    '{"a":9223372036854775807}',
    '{"a":"\\u00e9"}',
    '{"a":1,"a":2}',
  ]) {
    expect(toTemplateArguments(json)).toBe(json);
  }
});

test('what it does not read is written in other words', () => {
  const cases = [
    ['{"a":9223372036854775808}', '{"a":"9223372036854775808"}'],
    ['{"a":[-12345678901234567890]}', '{"a":["-12345678901234567890"]}'],
    ['{"a":1e400,"b":1E999999999999}', '{"a":"1e400","b":"1E999999999999"}'],
    ['{"a":"x\\ud83dy"}', '{"a":"x\ufffdy"}'],
    ['{"a":"\\\\ud83d 1e400 12345678901234567890"}', '{"a":"\\\\ud83d 1e400 12345678901234567890"}'],
    ['{"a":"\\ud83d\\ude00"}', '{"a":"\\ud83d\\ude00"}'],
  ] as const;
  for (const [json, text] of cases) expect(toTemplateArguments(json)).toBe(text);
});

test('what is no object is none', () => {
  for (const json of ['', '{"a": ', 'null', '[1]', '"a"', '{"a":1} x', '{a:1}'])
    expect(toTemplateArguments(json)).toBe('{}');
});

test('any object stays the same value, but for depth, half characters and endless numbers', () => {
  const value = fc.object({
    maxDepth: 6,
    key: fc.string({ unit: 'binary' }),
    values: [
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, min: -1e18, max: 1e18 }),
      fc.boolean(),
      fc.constant(null),
    ],
  });
  fc.assert(
    fc.property(value, (object) => {
      const json = JSON.stringify(object);
      expect(JSON.parse(toTemplateArguments(json))).toEqual(JSON.parse(json));
    }),
  );
});

test('the result has a bounded depth, well-formed texts and finite numbers', () => {
  const deep = (n: number) => `{"a":${'['.repeat(n)}1${']'.repeat(n)}}`;
  const depth = (text: string) =>
    [...text.replace(/"(?:[^"\\]|\\.)*"/g, '')].reduce(
      ([now, most], c) => {
        const next = now + (c === '[' || c === '{' ? 1 : c === ']' || c === '}' ? -1 : 0);
        return [next, Math.max(next, most)] as [number, number];
      },
      [0, 0] as [number, number],
    )[1];
  for (const n of [10, 31, 32, 300, 5000]) expect(depth(toTemplateArguments(deep(n)))).toBeLessThanOrEqual(32);
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('"', '\\', 'u', 'd', '8', '3', '1', 'e', '9', '{', '}', '[', ']', ':', ',', '\ud83d'),
      }),
      (body) => {
        const text = toTemplateArguments(`{"a":${body}}`);
        expect(text.isWellFormed()).toBe(true);
        expect(JSON.stringify(JSON.parse(text)).isWellFormed()).toBe(true);
      },
    ),
  );
});
