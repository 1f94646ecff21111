import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadBinding } from '../../src/native/binding.js';
import type { RecordField } from '../../src/native/packed/records.js';
import { rowsOf } from '../../src/native/snapshot.js';
import * as vocabulary from '../../src/native/vocabulary.js';
import { TestEngine } from '../../testing/engine/test-engine.js';
import { type Declared, declared, namesOf } from '../../testing/source/declarations.js';

// What leaves the engine has its fields in one list of native/ and in one type of src/native: they name the same.

const USAGE = 'src/native/reports/usage.ts';
const STATS = 'src/native/reports/stats.ts';
const { records, words } = loadBinding();
const sorted = (names: readonly string[]) => [...names].sort();

function expectSame(declaration: readonly Declared[], native: readonly string[]): void {
  expect(sorted(native)).toEqual(sorted(namesOf(declaration)));
}

function fieldsOf(fields: readonly RecordField[], name: string): readonly RecordField[] {
  const field = fields.find((one) => one.name === name);
  return field?.type === 'record' ? field.fields : [];
}

test('usage, in the event buffer', () => {
  expect(namesOf(records.finish)).toEqual(['reason', 'usage', 'stopText', 'shortened']);
  const usage = fieldsOf(records.finish, 'usage');
  const types = declared(USAGE, 'NativeUsage');
  expectSame(types, namesOf(usage));
  expectSame(declared(USAGE, 'NativeMiss'), namesOf(fieldsOf(usage, 'miss')));
  expectSame(types.find(({ name }) => name === 'hits')?.members ?? [], namesOf(fieldsOf(usage, 'hits')));
});

test('decisions, in the event buffer: the fields of each kind', () => {
  const kinds = declared('src/native/decisions.ts', 'DecisionFields');
  expectSame(
    kinds,
    records.decisions.map(({ kind }) => kind),
  );
  for (const { kind, fields } of records.decisions) {
    expectSame(kinds.find(({ name }) => name === kind)?.members ?? [], namesOf(fields));
  }
});

test('words: the lists of the addon, in its order', () => {
  expect(words).toEqual({
    callStage: vocabulary.CALL_STAGES,
    stage: vocabulary.STAGES,
    class: vocabulary.CLASSES,
    finishReason: vocabulary.FINISH_REASONS,
    missReason: vocabulary.MISS_REASONS,
    pageKind: vocabulary.PAGE_KINDS,
    phase: vocabulary.PHASES,
    kept: vocabulary.KEPT,
    waitsFor: vocabulary.WAITS_FOR,
    retainReason: vocabulary.RETAIN_REASONS,
    storeReason: vocabulary.STORE_REASONS,
    tier: vocabulary.TIERS,
  });
});

describe('objects of an engine', () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await TestEngine.open({}, { kvTokens: 256 });
  });
  afterAll(() => engine.close());

  test('info', () =>
    expectSame(declared('src/native/reports/model-info.ts', 'NativeModelInfo'), Object.keys(engine.native.info)));

  test('stats', async () => {
    const stats = await engine.stats();
    expectSame(declared(STATS, 'NativeStats'), Object.keys(stats));
    expectSame(declared('src/native/policy.ts', 'COST'), Object.keys(stats.cost));
    expectSame(declared(STATS, 'NativeDiskStats'), Object.keys(stats.disk));
    expect(Object.keys(stats.rules)).toEqual(records.decisions.map(({ kind }) => kind));
  });

  test('a snapshot, and the rows of its tables', async () => {
    await engine.run([1, 2, 3], { program: 7, maxTokens: 2 });
    const shown = await engine.native.snapshot(10, 0);
    expectSame(declared('src/native/snapshot.ts', 'NativeSnapshot'), Object.keys(shown));
    const { nodes, holds, requests, programs, steps } = shown;
    const tables = { NodeRow: nodes, HoldRow: holds, RequestRow: requests, ProgramRow: programs, StepRow: steps };
    for (const [name, { fields }] of Object.entries(tables))
      expectSame(declared('src/native/snapshot.ts', name), fields);
    expect(rowsOf(nodes)).toMatchObject([{ parent: 0, begin: 0, users: 0, children: 0, program: 7 }]);
    expect(rowsOf(programs)).toMatchObject([{ id: 7, calls: 1, promptTokens: 3, outputTokens: 2 }]);
    const [first] = rowsOf(steps);
    expect(first).toMatchObject({ number: 1, promptTokens: 3, decodeRows: 0, requests: 1 });
    expect(shown.pages).toHaveLength(engine.native.info.pages);
    expect([...shown.pages].filter((state) => state !== 0)).toHaveLength(1);
    const counted = Object.values((await engine.stats()).stepTimes).reduce((sum, steps) => sum + steps, 0);
    expect(counted).toBe(rowsOf(steps).length);
    await expect(engine.native.snapshot(-1, 0)).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'nodes' });
  });

  test('the report of a program', async () => {
    await engine.run([1, 2, 3], { program: 7, maxTokens: 2 });
    const report = await engine.native.programReport(7);
    expectSame(declared('src/native/reports/program-report.ts', 'NativeProgramReport'), Object.keys(report ?? {}));
    expectSame(declared(USAGE, 'NativeMiss'), Object.keys(await engine.native.explain('', Int32Array.of(1, 2))));
  });
});
