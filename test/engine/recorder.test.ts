import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NativeRequest } from '../../src/native/binding.js';
import type { TraceFinish, TraceHint, TraceLine, TraceSubmit } from '../../src/trace/format.js';
import { Recorder } from '../../src/trace/recorder.js';
import { nativeRequest } from '../../testing/engine/test-engine.js';

const INFO = { pages: 8, pageTokens: 16, maxRunning: 4, maxBatchTokens: 64, maxContext: 128 };
const KEY = [7, 11] as const;

function recorder(tokens: 'hashed' | 'ids' = 'hashed') {
  const lines: TraceLine[] = [];
  let now = 100;
  return {
    lines,
    at: (ms: number) => {
      now = 100 + ms;
    },
    record: new Recorder(
      INFO,
      { tokens, key: KEY },
      (line) => lines.push(line),
      () => now,
    ),
  };
}

/** Every request's prompt and whole sequence, as a reader of the trace puts them together. */
function sequences(lines: readonly TraceLine[]): Map<number, { prompt: number[]; all: number[] }> {
  const found = new Map<number, { prompt: number[]; all: number[] }>();
  for (const line of lines) {
    if (line.type === 'submit') {
      const prompt = [...(found.get(line.base)?.all ?? []).slice(0, line.keep), ...line.tokens];
      found.set(line.request, { prompt, all: prompt });
    } else if (line.type === 'finish') {
      const { prompt } = found.get(line.request) as { prompt: number[] };
      found.set(line.request, { prompt, all: [...prompt, ...line.output] });
    }
  }
  return found;
}

function common(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

const calls = fc.record({
  tokens: fc.array(fc.nat(2), { minLength: 1, maxLength: 12 }),
  output: fc.array(fc.nat(2), { maxLength: 4 }),
  goesOn: fc.boolean(), // from an earlier request's end
  which: fc.nat(20),
  tenant: fc.constantFrom('', 'a', 'b'),
});

test.each(['hashed', 'ids'] as const)('%s: two prompts of a tenant begin alike exactly as far as they did', (mode) => {
  fc.assert(
    fc.property(fc.array(calls, { maxLength: 12 }), (list) => {
      const { record, lines } = recorder(mode);
      const real: { tenant: string; prompt: number[]; all: number[] }[] = [];
      for (const [index, { tokens, output, goesOn, which, tenant }] of list.entries()) {
        const before = goesOn ? real[which % Math.max(1, real.length)] : undefined;
        const salt = before?.tenant ?? tenant;
        const prompt = [...(before?.all ?? []), ...tokens];
        record.submit(index + 1, nativeRequest(prompt, { salt }));
        record.finish(index + 1, output, { reason: 'length' });
        real.push({ tenant: salt, prompt, all: [...prompt, ...output] });
      }
      const read = sequences(lines);
      for (const [i, a] of real.entries())
        for (const [j, b] of real.entries()) {
          const [x, y] = [read.get(i + 1), read.get(j + 1)];
          expect([x?.prompt.length, x?.all.length]).toEqual([a.prompt.length, a.all.length]);
          if (a.tenant === b.tenant) expect(common(x?.all ?? [], y?.all ?? [])).toBe(common(a.all, b.all));
          else if (mode === 'hashed') expect(common(x?.all ?? [], y?.all ?? [])).toBe(0);
        }
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('nothing that was said can be found in a hashed trace', () => {
  const { record, lines } = recorder();
  record.submit(1, nativeRequest([424_242, 424_242, 434_343], { salt: 'tenant-name' }));
  record.finish(1, [454_545], { reason: 'stop' });
  record.hint(3, hint({ kind: 'tool-started', tool: 'secret_tool' }));
  const text = JSON.stringify(lines);
  for (const secret of ['424242', '434343', '454545', 'tenant-name', 'secret_tool']) expect(text).not.toContain(secret);
  const [, submit] = lines as [TraceLine, TraceSubmit];
  expect(new Set(submit.tokens).size).toBe(3); // the same token twice is two names
});

test('what changes how a request is computed is written with it', () => {
  const { record, lines } = recorder();
  record.submit(1, nativeRequest([1, 2], { maxTokens: -1 }));
  record.submit(2, nativeRequest([1, 2], { maxTokens: 0 }));
  record.submit(3, nativeRequest([1, 2], { maxTokens: 5, promptLogprobs: 0 }));
  const [, open, none, scored] = lines as TraceSubmit[];
  const told = [open, none, scored].map((line) => [line?.maxTokens, line?.promptOnly, line?.scored]);
  expect(told).toEqual([
    [0, undefined, undefined],
    [0, true, undefined],
    [5, undefined, true],
  ]);
});

test('biases are not written: they are token ids', () => {
  const { record, lines } = recorder('ids');
  record.submit(1, nativeRequest([1, 2], { logitBias: [[424_242, 5]] }));
  expect(JSON.stringify(lines)).not.toContain('424242');
});

test('another key gives other names', () => {
  const names = ([7, 8] as const).map((word) => {
    const lines: TraceLine[] = [];
    new Recorder(INFO, { tokens: 'hashed', key: [word, 11] }, (line) => lines.push(line)).submit(1, nativeRequest([5]));
    return (lines[1] as TraceSubmit).tokens;
  });
  expect(names[0]).not.toEqual(names[1]);
});

test('a turn is written as what it adds, and says what it came after', () => {
  const { record, lines, at } = recorder();
  const asked = (prompt: number[]): NativeRequest => nativeRequest(prompt, { program: 4 });
  record.submit(10, asked([1, 2, 3]));
  at(5);
  record.finish(10, [8, 9], { reason: 'stop' });
  at(25);
  record.submit(11, asked([1, 2, 3, 8, 9, 6]));
  expect(lines[0]).toMatchObject({ type: 'trace', version: 1, tokens: 'hashed', engine: { pages: 8, pageTokens: 16 } });
  expect(lines[2]).toMatchObject({ type: 'finish', t: 5_000, request: 10, reason: 'stop' });
  expect(lines[3]).toMatchObject({ type: 'submit', t: 25_000, base: 10, keep: 5, after: 10, program: 4 });
  expect((lines[3] as TraceSubmit).tokens).toHaveLength(1);
});

test('hints are lines; a finished program is not what its id does next', () => {
  const { record, lines } = recorder('ids');
  record.submit(1, nativeRequest([1, 2], { program: 3 }));
  record.finish(1, [5], { reason: 'stop' });
  record.hint(3, hint({ kind: 'tool-started', tool: 'search', expectedMs: 900 }));
  record.hint(3, hint({ kind: 'next-prefix', tokens: Int32Array.of(1, 2, 5, 7), steps: 2 }));
  record.hint(3, hint({ kind: 'finished' }));
  record.submit(2, nativeRequest([9], { program: 3 }));
  const [started, next, finished] = lines.slice(3) as TraceHint[];
  expect(started).toMatchObject({ hint: 'tool-started', program: 3, tool: 'search', expectedMs: 900 });
  expect(next).toMatchObject({ hint: 'next-prefix', base: 1, keep: 3, tokens: [7], steps: 2, tenant: 0 });
  expect(finished).not.toHaveProperty('tokens');
  expect(lines.at(-1)).toMatchObject({ type: 'submit', after: 0 });
});

test('what began before the recording is left out', () => {
  const { record, lines } = recorder();
  record.finish(77, [1], { reason: 'stop' });
  expect(lines.filter((line): line is TraceFinish => line.type === 'finish')).toEqual([]);
});

function hint(given: Partial<Parameters<Recorder['hint']>[1]>): Parameters<Recorder['hint']>[1] {
  return {
    kind: 'finished',
    tool: '',
    expectedMs: 0,
    salt: '',
    tokens: new Int32Array(0),
    steps: 1,
    from: 0,
    ...given,
  };
}
