import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddingOptions } from '../../src/embedding/embedding-options.js';
import { Engine } from '../../src/engine/engine.js';
import { randomBert } from '../../testing/models/bert-model.js';
import { MINILM_MISSING, miniLm } from '../../testing/models/minilm.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf, errorOf } from '../support/expect-code.js';

const TEXTS = ['the banyan tree', 'roots grow', 'a tree of many roots, growing', 'why?'];
const inner = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, at) => sum + x * (b[at] as number), 0);
const apart = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, x, at) => Math.max(most, Math.abs(x - (b[at] as number))), 0);
const first = async (engine: Engine, text: string, options = {}) =>
  (await engine.embed(text, options)).vectors[0] as Float32Array;

/** As token ids, which are sent at once. */
const manyTexts = (engine: Engine, count: number) =>
  Array<Int32Array>(count).fill(engine.tokenize(TEXTS[2] as string, { addSpecial: true }));

/** Encoders, and a decoder that keeps keys and values of a text; all with small windows. */
const MODELS = [
  ['an encoder, mean', () => randomBert({ pooling: 'mean' }), 1e-5],
  ['an encoder, cls', () => randomBert({ pooling: 'cls' }), 1e-5],
  // Its keys and values are f16.
  ['a decoder, last', () => randomModel({ pooling: 'last', context: 128 }), 1e-3],
] as const;

describe.each(MODELS)('%s', (_, path, rounding) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.load({ model: path(), threads: 1, maxRunning: 4, maxBatchTokens: 64 });
  });
  afterAll(() => engine.close());

  test('a vector of each text, in order, of length 1; usage counts their tokens', async () => {
    const { vectors, usage } = await engine.embed(TEXTS);
    expect(vectors).toHaveLength(TEXTS.length);
    for (const vector of vectors) {
      expect(vector).toHaveLength(engine.info.embeddingSize);
      expect(inner(vector, vector)).toBeCloseTo(1, 5);
    }
    const counts = TEXTS.map((text) => engine.tokenize(text, { addSpecial: true }).length);
    expect(usage.promptTokens).toBe(counts.reduce((sum, n) => sum + n));
    expect(usage.computedTokens).toBe(usage.promptTokens);
    expect(await engine.embed('the banyan tree')).toMatchObject({ vectors: { length: 1 } });
  });

  test('a text alone and in company gives the same vector but for rounding', async () => {
    const many = Array.from({ length: 40 }, (_, at) => TEXTS[at % TEXTS.length] as string);
    const { vectors } = await engine.embed(many);
    for (const [at, text] of TEXTS.entries()) {
      const alone = await first(engine, text);
      for (let other = at; other < many.length; other += TEXTS.length)
        expect(apart(vectors[other] as Float32Array, alone)).toBeLessThanOrEqual(rounding);
    }
    expect(apart(await first(engine, TEXTS[0] as string), await first(engine, TEXTS[1] as string))).toBeGreaterThan(
      0.01,
    );
  });

  test('token ids of a text are the text', async () => {
    const ids = engine.tokenize('roots grow', { addSpecial: true });
    const [text, array, list] = await Promise.all([
      first(engine, 'roots grow'),
      engine.embed([ids]).then(({ vectors }) => vectors[0] as Float32Array),
      engine.embed([...ids]).then(({ vectors }) => vectors[0] as Float32Array),
    ]);
    expect(apart(array, text)).toBeLessThanOrEqual(rounding);
    expect(apart(list, text)).toBeLessThanOrEqual(rounding);
  });

  test('dimensions cuts, then the length is 1 again; without normalize it is what the model made', async () => {
    const [whole, cut, plain] = await Promise.all([
      first(engine, 'roots grow'),
      first(engine, 'roots grow', { dimensions: 8 }),
      first(engine, 'roots grow', { normalize: false }),
    ]);
    const length = Math.sqrt(inner(whole.slice(0, 8), whole.slice(0, 8)));
    expect(
      apart(
        cut,
        whole.slice(0, 8).map((x) => x / length),
      ),
    ).toBeLessThanOrEqual(8 * rounding);
    expect(inner(plain, plain)).not.toBeCloseTo(1, 2);
    expect(inner(plain, whole) / Math.sqrt(inner(plain, plain))).toBeCloseTo(1, 4);
  });

  test('a text that is longer than the window is refused by its place, and nothing is cut', async () => {
    const { maxContext } = engine.info;
    const fits = new Int32Array(maxContext).fill(7);
    expect((await engine.embed([fits])).usage.computedTokens).toBe(maxContext);
    const error = await errorOf(() => engine.embed(['roots', new Int32Array(maxContext + 1).fill(7)]));
    expect(error).toMatchObject({ code: 'PROMPT_TOO_LONG', field: 'texts[1]' });
    expect(error.message).toContain(`${maxContext + 1} tokens`);
    expect(await errorOf(() => engine.embed('root '.repeat(maxContext)))).toMatchObject({ code: 'PROMPT_TOO_LONG' });
  });

  test.each([
    ['no text', [], {}, 'texts'],
    ['a number', 7 as unknown as string, {}, 'texts'],
    ['an object', [{}] as unknown as string[], {}, 'texts[0]'],
    ['a token that there is none of', [[1, 2], [10 ** 6]], {}, 'texts[1]'],
    ['half a token', [1.5], {}, 'texts[0][0]'],
    ['no token', [[3], []], {}, 'texts[1]'],
    ['too many dimensions', 'root', { dimensions: 4_000 }, 'dimensions'],
    ['no dimension', 'root', { dimensions: 0 }, 'dimensions'],
    ['another option', 'root', { model: 'x' }, 'model'],
  ])('refused: %s', async (_name, texts, options, field) => {
    expect(await errorOf(() => engine.embed(texts as string[], options as EmbeddingOptions))).toMatchObject({
      code: 'INVALID_OPTION',
      field,
    });
    expect(await engine.embed('root')).toMatchObject({ vectors: { length: 1 } });
  });

  test('an abort ends a call alone, early or late', async () => {
    const many = manyTexts(engine, 20_000);
    const controller = new AbortController();
    const [left, stays] = [engine.embed(many, { signal: controller.signal }), engine.embed(TEXTS)];
    left.catch(() => {});
    await stays;
    controller.abort();
    expect(await codeOf(() => left)).toBe('ABORTED');
    expect(await codeOf(() => engine.embed('root', { signal: AbortSignal.abort() }))).toBe('ABORTED');
    expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('a short call does not wait for a long one that came before it', async () => {
    const order: string[] = [];
    const long = engine.embed(manyTexts(engine, 400)).then(() => order.push('long'));
    const short = engine.embed(manyTexts(engine, 1), { tenant: 'other' }).then(() => order.push('short'));
    await Promise.all([long, short]);
    expect(order).toEqual(['short', 'long']);
  });

  test('it generates nothing, and says what does', async () => {
    const calls = [
      () => engine.generate('a'),
      () => engine.session(),
      () => engine.generate([{ role: 'user', content: 'a' }]),
    ];
    for (const call of calls) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED', field: 'model' });
      expect(error.message).toContain('embedding model');
    }
    expect(await engine.explain('a')).toMatchObject({ reason: 'reuse-off' });
    expect(await engine.stats()).toMatchObject({ pagesTotal: 0 });
  });
});

test('closing ends calls under way with CLOSED', async () => {
  const engine = await Engine.load({ model: randomBert({ pooling: 'mean' }), threads: 1 });
  const call = engine.embed(manyTexts(engine, 20_000));
  call.catch(() => {});
  await engine.embed('root');
  await engine.close();
  expect(await codeOf(() => call)).toBe('CLOSED');
  expect(await codeOf(() => engine.embed('root'))).toBe('CLOSED');
});

test('a text of many steps, and others among them: in pieces where the model can', async () => {
  const model = randomModel({ pooling: 'last', context: 4_096 });
  await using engine = await Engine.load({ model, threads: 1, maxBatchTokens: 64, kvType: 'f32' });
  await using whole = await Engine.load({ model, threads: 1, maxBatchTokens: 4_096, kvType: 'f32' });
  const long = Int32Array.from({ length: 3_000 }, (_, at) => 10 + ((at * 37) % 200));
  const order: string[] = [];
  const [pieces] = await Promise.all([
    engine.embed([long]).then(({ vectors }) => {
      order.push('long');
      return vectors[0] as Float32Array;
    }),
    ...[1, 2, 3].map((count) => engine.embed(manyTexts(engine, count)).then(() => order.push('short'))),
  ]);
  expect(order).toEqual(['short', 'short', 'short', 'long']);
  const [expected] = (await whole.embed([long])).vectors;
  expect(apart(pieces, expected as Float32Array)).toBeLessThan(1e-3);
});

test('a chat model embeds nothing and says what to load; told how, it pools', async () => {
  const model = randomModel();
  await using chat = await Engine.load({ model, threads: 1 });
  expect(chat.info).toMatchObject({ pooling: 'none', embeddingSize: 0 });
  const error = await errorOf(() => chat.embed('a'));
  expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED', field: 'model' });
  expect(error.message).toContain('Qwen3-Embedding');
  await using pooled = await Engine.load({ model, threads: 1, pooling: 'mean', maxContext: 256 });
  expect(pooled.info).toMatchObject({ pooling: 'mean', embeddingSize: 128, maxContext: 256 });
  expect(await pooled.embed(['a', 'b'])).toMatchObject({ vectors: { length: 2 } });
});

test('an encoder that does not say how it pools, and a reranker, are refused at load', async () => {
  for (const pooling of [undefined, 'rank'] as const) {
    const error = await errorOf(() => Engine.load({ model: randomBert({ pooling }) }));
    expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED', field: 'model' });
  }
  await using told = await Engine.load({ model: randomBert({ pooling: undefined }), pooling: 'cls', threads: 1 });
  expect(told.info.pooling).toBe('cls');
});

const REAL = miniLm();
if (REAL === undefined) console.log(`skipped: ${MINILM_MISSING}`);

/** First numbers of the vector as computed in f64 from the package's weights and its own tokenizer, by numpy. */
const KNOWN: [text: string, tokens: number, numbers: number[]][] = [
  [
    'A banyan is a fig that sends roots down from its branches.',
    16,
    [-0.033309, 0.030887, -0.017544, 0.038482, 0.026108, -0.08784, -0.040547, 0.034394],
  ],
  [
    'Fig trees can grow aerial roots.',
    9,
    [0.030903, 0.010559, 0.029328, -0.00533, 0.028485, -0.02678, -0.103631, -0.001581],
  ],
  [
    'The invoice was paid on Tuesday.',
    11,
    [-0.090704, 0.072138, 0.031997, -0.018054, -0.099799, -0.00896, -0.054272, 0.04428],
  ],
  [
    'Déjà vu: 東京 costs €42!',
    12,
    [0.088291, 0.08232, 0.068481, -0.025507, -0.023027, -0.039466, -0.023015, -0.012468],
  ],
];
/** llama.cpp takes its GELU from a table in f16. */
const GELU = 5e-4;

const COSINES = [0.616113, -0.037107, -0.001676];

describe.skipIf(REAL === undefined)('all-MiniLM-L6-v2', () => {
  test('vectors and cosines are those of its authors’ implementation', async () => {
    await using engine = await Engine.load({ model: REAL });
    expect(engine.info).toMatchObject({ architecture: 'bert', pooling: 'mean', embeddingSize: 384, maxContext: 512 });
    const { vectors, usage } = await engine.embed(KNOWN.map(([text]) => text));
    expect(usage.promptTokens).toBe(KNOWN.reduce((sum, [, tokens]) => sum + tokens, 0));
    for (const [at, [, , numbers]] of KNOWN.entries())
      for (const [i, number] of numbers.entries())
        expect(Math.abs(number - (vectors[at]?.[i] ?? 1))).toBeLessThan(GELU);
    for (const [at, cosine] of COSINES.entries())
      expect(Math.abs(cosine - inner(vectors[0] as Float32Array, vectors[at + 1] as Float32Array))).toBeLessThan(GELU);
  });
});
