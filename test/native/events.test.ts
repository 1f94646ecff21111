import { expect, test } from 'vitest';
import { loadBinding } from '../../src/native/binding.js';
import type { DecisionKind } from '../../src/native/decisions.js';
import { decodeEvents } from '../../src/native/events.js';
import type { RecordField } from '../../src/native/packed/records.js';

// The bytes as native/addon/README.md describes them, written here a second time.

type Field = number | string | { f32: number } | { f64: number };

function bytesOf(fields: Field[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const cell = Buffer.alloc(typeof field === 'object' && 'f64' in field ? 8 : 4);
      if (typeof field === 'number') cell.writeInt32LE(field | 0);
      else if (typeof field === 'string') {
        const text = Buffer.from(field);
        cell.writeUInt32LE(text.length);
        return Buffer.concat([cell, text, Buffer.alloc(-text.length & 3)]);
      } else if ('f32' in field) cell.writeFloatLE(field.f32);
      else cell.writeDoubleLE(field.f64);
      return cell;
    }),
  );
}

function record(type: number, request: number, body: Field[]): Buffer {
  const content = bytesOf(body);
  return Buffer.concat([
    bytesOf([type, content.length + 16, request % 2 ** 32, Math.floor(request / 2 ** 32)]),
    content,
  ]);
}

const decode = (...records: Buffer[]) => decodeEvents(new Uint8Array(Buffer.concat(records)).slice());

test('tokens: ids, text of every width, large request ids', () => {
  const big = 2 ** 52 + 2 ** 31 + 5;
  const long = 'é🌳 and a text that is longer than sixteen bytes';
  expect(
    decode(record(1, big, [2, 0, 7, -1, 'a🌳', '']), record(1, 3, [1, 0, 9, long, 'hm']), record(1, 4, [0, 0, '', ''])),
  ).toEqual([
    { type: 'tokens', request: big, tokens: [7, -1], text: 'a🌳', reasoning: '' },
    { type: 'tokens', request: 3, tokens: [9], text: long, reasoning: 'hm' },
    { type: 'tokens', request: 4, tokens: [], text: '', reasoning: '' },
  ]);
});

test('tokens with log-probabilities and their alternatives', () => {
  const entry = (token: number, logprob: number, text: string): Field[] => [token, { f32: logprob }, text];
  const xyz = { text: 'xyz', bytes: [120, 121, 122] };
  const body = [1, 1, 5, 'xyz', ...entry(5, -0.5, 'xyz'), 2, ...entry(5, -0.5, 'xyz'), ...entry(8, -1.25, ''), ''];
  expect(decode(record(1, 1, body))).toEqual([
    {
      type: 'tokens',
      request: 1,
      tokens: [5],
      text: 'xyz',
      reasoning: '',
      logprobs: [
        {
          token: 5,
          logprob: -0.5,
          ...xyz,
          top: [
            { token: 5, logprob: -0.5, ...xyz },
            { token: 8, logprob: -1.25, text: '', bytes: [] },
          ],
        },
      ],
    },
  ]);
});

const ENDED = {
  reason: 'tool-calls',
  usage: {
    promptTokens: 10,
    cachedTokens: 4,
    cacheWriteTokens: 5,
    computedTokens: 7,
    outputTokens: 2,
    draftedTokens: 6,
    acceptedTokens: 1,
    acceptedBy: { tree: 1, own: 0, tenant: 0, grammar: 0, model: 0 },
    forcedTokens: 3,
    reasoningTokens: 1,
    preemptions: 1,
    queueMs: 0.25,
    prefillMs: 1.25,
    ttftMs: 1.5,
    itlMs: 0.125,
    totalMs: 99,
    miss: { matched: 4, promptTokens: 10, paged: 4, kept: 0, expected: -1, actual: 6, reason: 'diverged' },
    waitedMs: 2.5,
    bypassed: 3,
    hits: { device: 4, host: 0, disk: 0 },
    retained: 'kept',
  },
  stopText: 'END',
  shortened: true,
};

/** A record's bytes, in the order that the addon says. */
function fieldsOf(layout: readonly RecordField[], record: object): Field[] {
  return layout.flatMap((field): Field[] => {
    const value: unknown = record[field.name as keyof typeof record];
    if (field.type === 'record') return fieldsOf(field.fields, value as object);
    if (field.type === 'word') return [{ f64: field.words.indexOf(value as string) }];
    return [field.type === 'text' ? (value as string) : { f64: Number(value) }];
  });
}

test('tool call, finish, error, each where the one before ends', () => {
  const call = ['id', 'name', '{"a":1}'];
  const finish = [...fieldsOf(loadBinding().records.finish, ENDED), 'content', 'thoughts', 1, ...call];
  expect(
    decode(record(2, 1, [0, ...call]), record(3, 1, finish), record(4, 2, ['CODE', 'what happened', { f64: 250 }])),
  ).toEqual([
    { type: 'tool-call', request: 1, index: 0, call: { id: 'id', name: 'name', arguments: '{"a":1}' } },
    {
      type: 'finish',
      request: 1,
      ...ENDED,
      message: {
        content: 'content',
        reasoning: 'thoughts',
        toolCalls: [{ id: 'id', name: 'name', arguments: '{"a":1}' }],
      },
    },
    { type: 'error', request: 2, code: 'CODE', message: 'what happened', retryAfterMs: 250 },
  ]);
});

test('calls under way, and the stages of a request', () => {
  const piece = (stage: number, id: string, name: string, json: string) => record(7, 1, [stage, 2, id, name, json]);
  const stage = (number: number, tokens: number) => record(8, 1, [number, tokens, 90]);
  expect(decode(piece(0, 'c1', 'add', ''), piece(1, '', '', '{"a'), piece(2, '', '', ''))).toEqual([
    { type: 'call-start', request: 1, index: 2, id: 'c1', name: 'add' },
    { type: 'call-args', request: 1, index: 2, delta: '{"a' },
    { type: 'call-cut', request: 1, index: 2 },
  ]);
  expect(decode(stage(0, 0), stage(1, 30), stage(2, 60))).toEqual([
    { type: 'accepted', request: 1 },
    { type: 'admitted', request: 1, promptTokens: 90, cachedTokens: 30 },
    { type: 'prefill', request: 1, done: 60, total: 90 },
  ]);
});

test('half a character has bytes, and no text', () => {
  const half = bytesOf(['🌳']).subarray(4, 6);
  const text = Buffer.concat([bytesOf([2]), half, Buffer.alloc(2)]);
  const head = bytesOf([1, 1, 5, '', 5, { f32: -1 }]);
  const content = Buffer.concat([head, text, bytesOf([0, ''])]);
  const whole = Buffer.concat([bytesOf([1, content.length + 16, 1, 0]), content]);
  expect(decode(whole)).toMatchObject([{ logprobs: [{ text: '\ufffd', bytes: [0xf0, 0x9f] }] }]);
});

test('records of an unknown type and fields added at the end of a known one are skipped', () => {
  expect(
    decode(
      record(99, 1, [1, 2, 3]),
      record(4, 2, ['A', 'b', { f64: 0 }, 42, 'more']),
      record(1, 3, [1, 0, 5, 'c', '']),
    ),
  ).toEqual([
    { type: 'error', request: 2, code: 'A', message: 'b', retryAfterMs: 0 },
    { type: 'tokens', request: 3, tokens: [5], text: 'c', reasoning: '' },
  ]);
});

/** Every kind in the native order, with its fields. */
const DECISIONS: [DecisionKind, object][] = [
  ['arrive', { promptTokens: 812, class: 'workflow' }],
  ['refuse', { predictedMs: 1500, retryAfterMs: 250 }],
  ['admit', { cachedTokens: 768, prefillTokens: 44 }],
  ['coalesce', { untilMs: 12.5, waiting: 3 }],
  ['dedupe', { producer: 8, sharedTokens: 640 }],
  ['bypass', { passed: 8, timesPassed: 2 }],
  ['preempt', { inFavourOf: 0, computedTokens: 96 }],
  ['lift', { class: 'background', effectiveClass: 'interactive' }],
  ['window', { from: 16, to: 18 }],
  ['pause', { demandPages: 960, programPages: 40 }],
  ['resume', { demandPages: 800 }],
  ['retain', { keepMs: 9400, reason: 'measured', samples: 100, backByThen: 95, restoreMs: 800, tool: 'bash' }],
  ['expire', { keptMs: Number.POSITIVE_INFINITY }],
  ['evict', { pages: 12, pageKind: 'finished' }],
  ['break_pin', {}],
  ['plan', { prefillTokens: 128, decodeRows: 7 }],
  ['ahead', { tokens: 64, tokensLeft: 200 }],
  ['budget', { allowedTokens: 64, stepMs: 48 }],
  ['refit', { stepMs: 6, prefillNs: 25_000 }],
  ['finish', { outputTokens: 120, waitedMs: 2 }],
  ['cancel', { outputTokens: 3, waitedMs: 0 }],
  ['program_end', { serviceTokens: 4200, calls: 11 }],
  ['save_state', { tokens: 500, stateKind: 'acting' }],
  ['evict_state', { states: 1, stateKind: 'static' }],
  ['load', { pages: 64, states: 0, tier: 'disk', takesMs: 120, computingMs: 9800 }],
  ['loaded', { pages: 64, states: 1, tier: 'disk', tookMs: 131 }],
  ['load_late', { pages: 1, states: 0, tier: 'host', waitedMs: 50 }],
  ['load_gave_way', { pages: 3, states: 0, tier: 'disk', waitedMs: 40, inFavourOf: 9 }],
  ['recompute', { pages: 2, states: 0, tier: 'disk', loadingMs: 9, computingMs: 0.5 }],
  ['store', { pages: 12, states: 1, reason: 'waiting-for-human' }],
  ['store_failed', { pages: 3, states: 0 }],
  ['tier_rest', { lateLoads: 3, restMs: 10_000 }],
  ['disk', { what: 'the page store writes again' }],
  [
    'draft',
    { drafts: 4, ofModel: 3, decodeRows: 1, expectedTokens: 3.25, withMs: 12.5, withoutMs: 8, draftingMs: 1.5 },
  ],
  ['draft_rest', { steps: 64, savedMs: -16, model: true }],
  ['jump', { tokens: 5 }],
];

test('decisions are of no request, name the one they are about, and have the fields of their kind', () => {
  const layouts = loadBinding().records.decisions;
  expect(DECISIONS.map(([kind]) => kind)).toEqual(layouts.map(({ kind }) => kind));
  const records = DECISIONS.map(([, fields], kind) => {
    const written = fieldsOf(layouts[kind]?.fields ?? [], fields);
    return record(5, 0, [kind, { f64: 12.5 }, 7, 0, 9, 0, 'why', ...written]);
  });
  expect(decode(...records)).toEqual(
    DECISIONS.map(([kind, fields]) => {
      return {
        type: 'decision',
        request: 0,
        decision: { at: 12.5, kind, program: 7, request: 9, text: 'why', ...fields },
      };
    }),
  );
});

test('no events in no bytes', () => {
  expect(decode()).toEqual([]);
});
