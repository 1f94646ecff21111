import { type Embedder, Engine, SemanticMemo } from '../../src/index.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { miniLm } from '../../testing/models/minilm.js';
import { Draw } from '../../testing/workloads/draw.js';
import type { Measured } from '../report.js';

/** As many as a semantic memo keeps by default, and as long as vectors of a small embedding model. */
const [KNOWN, DIMENSIONS] = [1_000, 384];

/** A question, the same in other words, and one that looks like it and has another answer. */
const LIKE_QUESTIONS: readonly (readonly [asked: string, again: string, other: string])[] = [
  ['What is the height of Everest?', 'Everest: its height?', 'Is the height of Everest growing?'],
  ['What is the capital of France?', 'Which city is the capital of France?', 'How large is the capital of France?'],
  ['What colour is the sky?', 'Please name the colour of the sky.', 'What colour is the sea?'],
  ['How do I reset my password?', 'I forgot my password, how do I reset it?', 'How do I reset my printer?'],
  ['When does the museum open?', 'At what time does the museum open its doors?', 'When does the museum close?'],
  ['What is the distance to the moon?', 'How far away is the moon?', 'What is the distance to the sun?'],
  ['Who wrote Hamlet?', 'Which author wrote Hamlet?', 'Who played Hamlet?'],
  ['How many minutes must an egg boil?', 'For how many minutes do I boil an egg?', 'How many minutes must rice boil?'],
];

/** Of one call, once it is known and compiled. */
export async function microseconds(calls: number, call: (n: number) => Promise<unknown>): Promise<number> {
  for (let n = 0; n < calls; n++) await call(n);
  const started = performance.now();
  for (let n = 0; n < calls; n++) await call(n);
  return ((performance.now() - started) * 1_000) / calls;
}

/** Microseconds of a question that a full memo knows, without the time its vector takes. */
async function questionAmongKnown(): Promise<number> {
  const { engine } = scripted(() => 'ok');
  const draw = new Draw('patterns/memo');
  const vectors = Array.from({ length: KNOWN }, () =>
    Float32Array.from({ length: DIMENSIONS }, () => draw.below(201) - 100),
  );
  const embedder: Embedder = {
    embed: async ([asked]) => ({ vectors: [vectors[Number(asked)] ?? new Float32Array(DIMENSIONS)] }),
  };
  const memo = new SemanticMemo({ embedder, verifyShare: 0 });
  const perCall = await microseconds(KNOWN, (n) => memo.generate(engine, [{ role: 'user', content: `${n}` }]));
  const { hits, misses } = memo.stats;
  if (hits !== KNOWN || misses !== KNOWN) throw new Error(`${hits} hits, ${misses} misses`);
  return perCall;
}

/** Says how often each of the longer words of the first questions occurs: it knows words, not what they mean. */
const WORDS = [...new Set(LIKE_QUESTIONS.flatMap(([asked]) => asked.toLowerCase().match(/[a-z]{5,}/g) ?? []))];
const words: Embedder = {
  embed: async (texts) => ({
    vectors: texts.map((said) => Float32Array.from(WORDS, (word) => said.toLowerCase().split(word).length - 1)),
  }),
};

/**
 * What a semantic memo costs, and its hits and false hits of the labelled list, every hit verified: on constructed vectors, and on those of a
 * trained model where it is here.
 */
export async function benchSemanticMemo(threads: number): Promise<Measured> {
  const among = await questionAmongKnown();
  const model = miniLm();
  await using trained = model ? await Engine.load({ model, ...(threads > 0 && { threads }) }) : undefined;
  const measured: [vectors: string, embedder: Embedder | undefined, threshold: number][] = [
    ['constructed: words counted, meaning nothing', words, 0.95],
    ['all-MiniLM-L6-v2', trained, 0.95],
    ['all-MiniLM-L6-v2', trained, 0.8],
  ];
  const rows: (string | number)[][] = [];
  for (const [vectors, embedder, threshold] of measured)
    rows.push([
      vectors,
      threshold,
      ...(embedder ? await hitsOf(embedder, threshold) : ['not measured', 'not measured']),
    ]);
  const all = LIKE_QUESTIONS.length;
  const told = rows
    .slice(0, model ? 3 : 1)
    .map(([name, threshold, again, wrong]) => `${again} and ${wrong} (${name}, threshold ${threshold})`);
  const untold = model ? '' : '; on a trained model not measured, as it is not here';
  return {
    findings: [
      `semantic memo: a question among ${KNOWN} known ones takes ${among.toFixed(0)} µs beside its vector; ` +
        `of ${all} questions in other words and ${all} that only look like a known one it answers from memory ${told.join(', ')}${untold}`,
    ],
    tables: [
      {
        title: `semantic memo: ${all} questions in other words, ${all} that only look like a known one`,
        columns: ['vectors', 'threshold', 'known again (right)', 'known that are not (false hits)'],
        rows,
      },
    ],
  };
}

async function hitsOf(embedder: Embedder, threshold: number): Promise<number[]> {
  const label = (said: string) => LIKE_QUESTIONS.findIndex(([asked, again]) => said === asked || said === again);
  const { engine } = scripted((prompt) => {
    const said = /<\|user\|>([^<]*)<\|end\|>/.exec(prompt)?.[1] ?? '';
    return label(said) < 0 ? `another answer: ${said}` : `answer ${label(said)}`;
  });
  const memo = new SemanticMemo({ embedder, threshold, verifyShare: 1, agrees: (a, b) => a.text === b.text });
  for (const turn of [0, 1, 2] as const)
    for (const questions of LIKE_QUESTIONS) await memo.generate(engine, [{ role: 'user', content: questions[turn] }]);
  const { hits, falseHits } = memo.stats;
  return [hits - falseHits, falseHits];
}
