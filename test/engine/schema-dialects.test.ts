import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Engine } from '../../src/engine/engine.js';
import { BanyanError } from '../../src/kit/errors.js';
import { type CompiledSchema, compileSchema } from '../../src/schema/compile-schema.js';
import { ENDING_MODEL, openEngine } from '../../testing/engine/random-engine.js';
import { randomOf } from '../support/dice.js';
import { type DialectSchema, dialectSchema } from '../support/schema-dialects.js';

/** How many schemas are tried, from which seed: see test/README.md. */
const COUNT = Number(process.env.BANYAN_SCHEMAS ?? 48);
const SEED = Number(process.env.BANYAN_SCHEMAS_SEED ?? 1);
const OUTPUTS = 5;

/** Keywords that only the check at the end enforces: an answer may fail them. */
const AT_THE_END =
  /uniqueItems|"jwt"|"not"|"if"|"contains"|dependent|unevaluated|oneOf|multipleOf|"m(ax|in)Properties"/;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine(ENDING_MODEL);
});
afterAll(() => engine.close());

/** Tools write patterns that only parse without the `u` flag, too. */
const lenient = Object.assign(
  (source: string, flags: string) => {
    try {
      return new RegExp(source, flags);
    } catch {
      return new RegExp(source);
    }
  },
  { code: 'new RegExp' },
);

/** Passes a value by a library of its own, zod or ajv. */
function independentCheck({ oracle }: DialectSchema): (value: unknown) => boolean {
  if (oracle instanceof z.ZodType) return (value) => oracle.safeParse(value).success;
  const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 6, logger: false, code: { regExp: lenient } });
  addFormats.default(ajv);
  return ajv.compile(oracle) as (value: unknown) => boolean;
}

/** A value that differs in one place. */
function mutant(value: unknown, random: () => number): unknown {
  const odd = [null, true, -1, 0.5, 1e9, '', 'zzz', [], {}, [null], { city: 1 }];
  if (typeof value === 'object' && value !== null && random() < 0.8) {
    const names = Object.keys(value);
    const name = names[Math.floor(random() * names.length)];
    if (Array.isArray(value)) {
      if (name === undefined || random() < 0.3) return [...value, odd[Math.floor(random() * odd.length)]];
      return random() < 0.3 ? value.slice(1) : value.with(Number(name), mutant(value[Number(name)], random));
    }
    if (name === undefined || random() < 0.3) return { ...value, extra: odd[Math.floor(random() * odd.length)] };
    const { [name]: inner, ...others } = value as Record<string, unknown>;
    return random() < 0.4 ? others : { ...value, [name]: mutant(inner, random) };
  }
  return odd[Math.floor(random() * odd.length)];
}

interface Tally {
  refused: string[];
  enforced: number;
  right: number;
  cut: number;
  failed: string[];
}

async function tryOne(index: number, tally: Tally): Promise<void> {
  const dialect = dialectSchema(SEED, index);
  let compiled: CompiledSchema;
  try {
    compiled = compileSchema('schema', dialect.schema);
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    expect(error).toMatchObject({ code: 'INVALID_SCHEMA', field: 'schema', message: expect.stringMatching(/ at #/) });
    tally.refused.push(`${dialect.dialect} ${index}: ${(error as BanyanError).message}`);
    return;
  }
  tally.enforced++;
  const passes = independentCheck(dialect);
  const what = `${dialect.dialect} ${index} ${JSON.stringify(compiled.json)}`;
  const random = randomOf(index);
  for (let seed = 1; seed <= OUTPUTS; seed++) {
    try {
      const options = { schema: dialect.schema, temperature: 1.5, seed, maxTokens: 600 };
      const { text, finishReason } = await engine.generate('Give me', options);
      if (finishReason !== 'stop') {
        tally.cut++;
        continue;
      }
      const value: unknown = JSON.parse(text);
      expect(passes(value), `${what} gave ${text}`).toBe(true);
      tally.right++;
      for (let round = 0; round < 5; round++) {
        const changed = mutant(value, random);
        const verdict = await compiled.check(changed);
        expect(verdict.ok, `${what} on ${JSON.stringify(changed)}: ${JSON.stringify(verdict)}`).toBe(passes(changed));
      }
    } catch (error) {
      if (!(error instanceof BanyanError) || error.code !== 'INVALID_OUTPUT') throw error;
      expect(JSON.stringify(compiled.json)).toMatch(AT_THE_END);
      tally.failed.push(`${dialect.dialect} ${index}: ${error.message}`);
    }
  }
}

test(`${COUNT} schemas as tools write them: each is enforced, or refused with the place`, {
  timeout: 60_000 + COUNT * 5_000,
}, async () => {
  const tally: Tally = { refused: [], enforced: 0, right: 0, cut: 0, failed: [] };
  for (let index = 0; index < COUNT; index++) await tryOne(index, tally);
  if (process.env.BANYAN_SCHEMAS) console.log(JSON.stringify(tally, null, 1));
  expect(tally.enforced).toBeGreaterThan(COUNT * 0.95);
  expect(tally.right).toBeGreaterThan(COUNT * OUTPUTS * 0.9);
  expect(tally.failed.length).toBeLessThan(COUNT * OUTPUTS * 0.02);
});
