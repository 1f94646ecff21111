import { Engine, Memo, text, Workflow } from '../../src/index.js';
import type { Measured } from '../report.js';
import { benchSemanticMemo, microseconds } from './semantic-memo.js';

const DOCUMENT =
  'A banyan begins its life in the crown of another tree and lets down roots that become trunks. '.repeat(12);
const TURN = { grammar: 'root ::= [a-z]{40}', temperature: 0 } as const;
const PARTS = 6;

/** What answers that are known save, and what it costs to find them: the same workflow again, and the same question in other words. */
export async function benchMemo(threads: number): Promise<Measured> {
  await using engine = await Engine.load(threads > 0 ? { threads } : {});
  const [without, first, again] = [await workflows(engine), ...(await memoised(engine))];
  const known = new Memo();
  const question = [{ role: 'user', content: DOCUMENT }] as const;
  const hit = await microseconds(2_000, () => known.generate(engine, question, TURN));
  const semantic = await benchSemanticMemo(threads);
  return {
    findings: [
      `exact memo: a workflow of ${PARTS + 1} model calls asked again makes ${again?.[0]} of them (without: ${without[0]}, and ${without[1]} prompt tokens ` +
        `computed, ${without[2]} written); a hit takes ${hit.toFixed(0)} µs`,
      ...semantic.findings,
    ],
    tables: [
      {
        title: `exact memo: a workflow of ${PARTS + 1} model calls on the embedded model`,
        columns: ['run', 'model calls', 'prompt tokens computed', 'tokens written'],
        rows: [
          ['the second one, without a memo', ...without],
          ['the first one, with a memo', ...(first ?? [])],
          ['the second one, with a memo', ...(again ?? [])],
        ],
      },
      ...semantic.tables,
    ],
  };
}

function plan() {
  const flow = new Workflow();
  const document = flow.input('document');
  const ask = (name: string, prompt: ReturnType<typeof text>) => flow.ask(name, { prompt, ...TURN });
  const parts = Array.from({ length: PARTS }, (_, part) => ask(`part ${part}`, text`${document} Part ${part}?`));
  const all = flow.code('all', Object.fromEntries(parts.map((part, index) => [`${index}`, part])), (answers) =>
    Object.values(answers).join('\n'),
  );
  return flow.plan({ whole: ask('whole', text`${all} What is it about?`) });
}

/** Model calls, prompt tokens computed, tokens written by one more run. */
async function costOf(engine: Engine, memo?: Memo): Promise<number[]> {
  const before = await engine.stats();
  await plan().run(engine, { document: DOCUMENT }, memo && { memo });
  const after = await engine.stats();
  return (['submitted', 'prefillTokens', 'decodeTokens'] as const).map((count) => after[count] - before[count]);
}

/** A second run without a memo: the prefix cache has its prompts. */
async function workflows(engine: Engine): Promise<number[]> {
  await engine.clearCache();
  await costOf(engine);
  return costOf(engine);
}

async function memoised(engine: Engine): Promise<number[][]> {
  await engine.clearCache();
  const memo = new Memo();
  return [await costOf(engine, memo), await costOf(engine, memo)];
}
