import { mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PastCall, RunPast } from '../../../src/agent/speculation/run-past.js';
import { ToolPredictor } from '../../../src/agent/speculation/tool-predictor.js';
import type { Script } from '../../../testing/engine/scripted-engine.js';
import { callText } from '../../../testing/engine/scripted-text.js';
import { errorOf } from '../../support/expect-code.js';
import { agentOf, read, reading } from './support.js';

// What a predictor learns: which call follows which, and from where its arguments are copied.

const done = (name: string, input: unknown, result: unknown): PastCall => {
  return { name, input, result: typeof result === 'string' ? result : JSON.stringify(result), ok: true };
};
const past = (input: string, ...calls: PastCall[]): RunPast => ({ input, calls });
const TURN = { pure: new Set(['read', 'fetch']), ended: true };

/** Teaches it `times` that each past is followed by a call. */
function teach(
  predictor: ToolPredictor,
  times: number,
  make: (n: number) => [RunPast, { name: string; input?: unknown }],
) {
  for (let n = 0; n < times; n++) {
    const [before, call] = make(n);
    predictor.learn(before, [call], TURN);
  }
  return predictor;
}

const copied = (n: number): [RunPast, { name: string; input: unknown }] => {
  const found = { files: [{ path: `f${n}.txt`, size: n }], query: `q${n}` };
  return [
    past(`Look for q${n}.`, done('find', { query: `q${n}` }, found)),
    { name: 'read', input: { path: `f${n}.txt`, lines: 10 } },
  ];
};

test('a context foretells from its sixth time on, when it was right four times of four', () => {
  for (const times of [0, 1, 4, 5, 9]) {
    const [before, call] = copied(50);
    const likely = teach(new ToolPredictor(), times, copied).predict(before);
    if (times < 5) expect(likely, `${times} times`).toEqual([]);
    else expect(likely[0]).toMatchObject({ ...call, probability: (times - 1) / times });
  }
});

test.each<[string, (n: number) => [RunPast, { name: string; input: unknown }]]>([
  ['a field of the last result', copied],
  [
    'a field of the arguments before',
    (n) => [
      past('go', done('find', { at: [{ key: `k${n}` }] }, 'ok'), done('x', {}, '')),
      { name: 'read', input: { key: `k${n}` } },
    ],
  ],
  [
    'a whole result',
    (n) => [past('go', done('find', {}, `name ${n}`)), { name: 'read', input: { path: `name ${n}` } }],
  ],
  [
    'the last word of the input',
    (n) => [past(`Is it warm in ${'the '.repeat(n % 3)}C${n}?`), { name: 'read', input: { city: `C${n}` } }],
  ],
  ['a field of the input', (n) => [past(JSON.stringify({ id: 100 + n })), { name: 'read', input: { id: 100 + n } }]],
  [
    'a constant',
    (n) => [
      past(`${n}`, done('find', {}, `${n * 7}`)),
      { name: 'read', input: { deep: { list: ['a', 1, true, null, {}, []] } } },
    ],
  ],
  ['no argument', (n) => [past(`${n}`), { name: 'fetch', input: {} }]],
])('arguments: %s', (_what, make) => {
  const [before, call] = make(77);
  expect(teach(new ToolPredictor(), 12, make).predict(before)[0]).toMatchObject(call);
});

test('what is not copied is not foretold; what was sure and is no more is left', () => {
  const random = teach(new ToolPredictor(), 40, (n) => [past(`${n}`), { name: 'read', input: { path: `x${n * n}` } }]);
  expect(random.predict(past('50'))).toEqual([]);
  const changed = teach(new ToolPredictor(), 10, copied);
  const [before] = copied(50);
  expect(changed.predict(before)).toHaveLength(1);
  teach(changed, 10, (n) => [copied(n)[0], { name: 'other' }]);
  expect(changed.predict(before)).toEqual([]);
});

test('of tools that are not pure the names are learnt, nothing of their arguments', async () => {
  const predictor = teach(new ToolPredictor(), 10, (n) => [
    past('go'),
    { name: 'pay', input: { card: `secret ${n % 1}` } },
  ]);
  expect(predictor.predict(past('go'))).toEqual([]);
  const path = join(mkdtempSync(join(tmpdir(), 'banyan-')), 'p.json');
  await predictor.save(path);
  expect(readFileSync(path, 'utf8')).not.toContain('secret');
});

test('tenants share nothing unless asked', () => {
  for (const shareTenants of [false, true]) {
    const predictor = new ToolPredictor({ shareTenants });
    for (let n = 0; n < 9; n++) predictor.learn(copied(n)[0], [copied(n)[1]], { ...TURN, tenant: 'a' });
    const [before] = copied(50);
    expect(predictor.predict(before, 'a')).toHaveLength(1);
    expect(predictor.predict(before, 'b')).toHaveLength(shareTenants ? 1 : 0);
    expect(predictor.predict(before)).toHaveLength(shareTenants ? 1 : 0);
  }
});

test('its memory is bounded: the contexts used last are kept', () => {
  const predictor = new ToolPredictor({ contexts: 10 });
  for (let n = 0; n < 1_000; n++) predictor.learn(past('go', done(`tool ${n}`, {}, '')), [], TURN);
  expect(predictor.contexts).toBe(10);
  const large = new ToolPredictor({ contexts: 1_000_000 });
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`key ${n}`, 'v'.repeat(900)]));
  for (let n = 0; n < 120; n++)
    large.learn(past('go', done(`tool ${n}`, {}, '')), [{ name: 'read', input: wide }], TURN);
  expect(large.contexts).toBeLessThan(200); // of 481
});

test('what is looked at is bounded, whatever results hold', () => {
  let looked = 0;
  const list = Array.from({ length: 5_000 }, (_, n) => n);
  const counted = new Proxy(list, {
    get: (target, key) => {
      if (typeof key === 'string' && /^\d+$/.test(key)) looked++;
      return Reflect.get(target, key);
    },
  });
  const predictor = new ToolPredictor();
  predictor.learn(
    past('go', done('find', counted, 'word '.repeat(100_000))),
    [{ name: 'read', input: { path: 'x' } }],
    TURN,
  );
  expect(looked).toBeLessThan(1_000);
});

/** Lists, then reads what it found; the files' names come with the input. */
const listThenRead: Script = (prompt) => {
  const name = /in (\w+)/.exec(prompt)?.[1] as string;
  const results = prompt.split('<|tool|>').length - 1;
  if (results === 0) return callText('1', 'list', JSON.stringify({ folder: name }));
  if (results === 1) return { steps: ['I shall read it.', read(`${name}/a.txt`), read(`${name}/b.txt`)] };
  return 'done';
};

test('an agent learns from its runs: from the sixth on both reads are there when the model makes them', async () => {
  const { tool, asked } = reading();
  const list = {
    ...tool,
    name: 'list',
    execute: ({ folder }: { folder: string }) => [`${folder}/a.txt`, `${folder}/b.txt`],
  };
  const lists = { ...list, check: (value: unknown) => ({ ok: true, value }) as const, pure: false };
  const { agent } = agentOf(listThenRead, [tool, lists as never], {});
  const hits: unknown[] = [];
  for (let n = 0; n < 8; n++) {
    const { speculation, text } = await agent.run(`What is in d${n}`);
    expect(text).toBe('done');
    hits.push(speculation?.hits);
    expect(speculation?.wastedCalls).toBe(0);
  }
  expect(hits).toEqual([0, 0, 0, 0, 0, 2, 2, 2]); // the second read begins when the first has closed
  expect(asked).toHaveLength(16);
});

const folder = () => mkdtempSync(join(tmpdir(), 'banyan-predictor-'));

test('what was learnt is saved and loaded, for its owner alone', async () => {
  const path = join(folder(), 'p.json');
  writeFileSync(path, 'something older', { mode: 0o644 });
  const predictor = teach(new ToolPredictor(), 9, copied);
  await predictor.save(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const loaded = await ToolPredictor.load(path);
  const [before] = copied(50);
  expect(loaded.predict(before)).toEqual(predictor.predict(before));
  expect(loaded.contexts).toBe(predictor.contexts);
  teach(loaded, 3, copied);
  expect(await errorOf(() => predictor.save(join(path, 'no')))).toMatchObject({
    code: 'INVALID_OPTION',
    field: 'path',
  });
});

test.each([
  ['', 'nothing'],
  ['{', 'no JSON'],
  ['[]', 'no object'],
  ['{"banyan":"tool-predictor","version":2,"contexts":[]}', 'another version'],
  [
    '{"banyan":"tool-predictor","version":1,"contexts":[{"key":"k","branches":[{"name":"n","tool":"t","count":1,"guessed":1,"right":2}]}]}',
    'more right than guessed',
  ],
  ['{"banyan":"tool-predictor","version":1,"contexts":{}}', 'no list'],
])('a file that holds %s is refused: %s', async (text) => {
  const path = join(folder(), 'p.json');
  writeFileSync(path, text);
  expect(await errorOf(() => ToolPredictor.load(path))).toMatchObject({ code: 'INVALID_OPTION', field: 'path' });
});

test('a link, a folder and a file that is not there are refused', async () => {
  const dir = folder();
  writeFileSync(join(dir, 'p.json'), '{}');
  symlinkSync(join(dir, 'p.json'), join(dir, 'link'));
  for (const path of [join(dir, 'link'), dir, join(dir, 'none')])
    expect(await errorOf(() => ToolPredictor.load(path))).toMatchObject({ code: 'INVALID_OPTION', field: 'path' });
});

test('a file that was changed anywhere loads or is refused, and foretells calls or nothing', {
  timeout: 60_000,
}, async () => {
  const path = join(folder(), 'p.json');
  await teach(new ToolPredictor(), 9, copied).save(path);
  const whole = readFileSync(path, 'utf8');
  const [before] = copied(50);
  const pieces = [
    '"__proto__"',
    '[]',
    '{}',
    '1e308',
    '-1',
    'null',
    '"c{\\"__proto__\\":1}"',
    '"[\\"constructor\\"]"',
    '"r1[0]"',
    '""',
    '"c["',
  ];
  const changed = fc.record({
    at: fc.nat(whole.length - 1),
    cut: fc.nat(40),
    put: fc.constantFrom(...pieces, '', ','),
  });
  const values = [...whole.matchAll(/"(?:[^"\\]|\\.)*"|\d+/g)].map(({ index, 0: { length } }) => ({ index, length }));
  const swapped = fc.record({ value: fc.nat(values.length - 1), put: fc.constantFrom(...pieces) });
  const load = async (text: string) => {
    writeFileSync(path, text);
    const predictor = await ToolPredictor.load(path, { threshold: 0 }).catch((reason) => {
      expect(reason).toMatchObject({ code: 'INVALID_OPTION', field: 'path' });
    });
    for (const { input } of predictor?.predict(before) ?? [])
      expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
    if (predictor) teach(predictor, 2, copied);
    expect(Object.keys(Object.prototype)).toEqual([]);
  };
  await fc.assert(
    fc.asyncProperty(changed, ({ at, cut, put }) => load(whole.slice(0, at) + put + whole.slice(at + cut))),
    { numRuns: 300 },
  );
  await fc.assert(
    fc.asyncProperty(swapped, ({ value, put }) => {
      const { index, length } = values[value] as (typeof values)[0];
      return load(whole.slice(0, index) + put + whole.slice(index + length));
    }),
    { numRuns: 500 },
  );
});
