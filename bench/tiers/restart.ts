import { type ChatMessage, Engine } from '../../src/index.js';
import { median } from '../../testing/statistics.js';
import { type ModelName, modelPath } from '../models.js';
import type { Measured, Table } from '../report.js';
import { CACHE_BYTES, inDirectory, type PartOptions, tokensOf } from './directory.js';

/** A prompt in a new engine, and how many times sooner its first token is to come when one before it had the prompt. */
interface Case {
  /** As the report names it; '': the model of the command. */
  model: string;
  path: string;
  tokens: number;
  target: number;
  /** As a system prompt before a question: states of recurrent layers are saved behind that, not anywhere in a text. */
  chat?: boolean;
}

export const restart = ({ model, ...options }: PartOptions) =>
  measure(
    [
      { model: '', path: model, tokens: 2048, target: 10 },
      { model: '', path: model, tokens: 8192, target: 15 },
    ],
    options,
  );

/** Models with recurrent layers: pages and a saved state come back, or the state alone. */
const RECURRENT: { model: ModelName; tokens: number }[] = [
  { model: '25m-hybrid', tokens: 2048 },
  { model: '25m-hybrid', tokens: 8192 },
  { model: 'hybrid-0.8b', tokens: 2048 },
  { model: '25m-mamba', tokens: 2048 },
  { model: '25m-rwkv', tokens: 2048 },
];

export const restartRecurrent = (options: PartOptions) =>
  measure(
    RECURRENT.map((one) => ({ ...one, path: modelPath(one.model), target: 10, chat: true })),
    options,
  );

/** A system prompt of about so many tokens, another one for each seed, and a question. */
async function conversation(engine: Engine, seed: number, tokens: number): Promise<ChatMessage[]> {
  const line = `In town ${seed} the ferry leaves at nine and comes back before noon, unless the wind turns. `;
  const { length } = await engine.tokenize(line);
  return [
    { role: 'system', content: line.repeat(Math.floor(tokens / length)) },
    { role: 'user', content: 'When does it leave?' },
  ];
}

/** The first token of a prompt in a new engine: cold, and when one before it had the prompt, by turns. */
async function measure(cases: readonly Case[], { runs, threads }: Omit<PartOptions, 'model'>): Promise<Measured> {
  const table: Table = { title: 'First token after a restart', columns: [], rows: [] };
  const columns = ['prompt tokens', 'cold ms', 'from disk ms', 'times sooner', 'computed tokens', 'from disk'];
  table.columns = ['model', ...columns, 'read MiB'];
  const findings: string[] = [];
  for (const { model, path, tokens, target, chat } of cases) {
    const [cold, warm, computed, read, bytes] = [
      [] as number[],
      [] as number[],
      [] as number[],
      [] as number[],
      [] as number[],
    ];
    for (let run = 0; run < runs; run++)
      await inDirectory(async (dir) => {
        for (const times of [cold, warm]) {
          const cache = { dir, bytes: CACHE_BYTES };
          await using engine = await Engine.load({ model: path, threads, kvTokens: tokens + 1024, cache });
          const options = { temperature: 0, durable: true, ignoreEos: true, maxTokens: 2 };
          const prompt = chat ? await conversation(engine, run + 1, tokens) : tokensOf(run + 1, tokens);
          const { usage } = await engine.generate(prompt, options);
          times.push(usage.ttftMs);
          console.error(
            `${model} ${tokens} tokens, run ${run + 1}, ${times === cold ? 'cold' : 'warm'}: ${usage.ttftMs} ms`,
          );
          if (times === cold) continue;
          computed.push(usage.promptTokens - (usage.cachedTokens ?? 0));
          read.push(usage.hits.disk + usage.hits.host);
          bytes.push((await engine.stats()).disk.loadedBytes / 2 ** 20);
        }
      });
    const times = median(cold) / median(warm);
    const measured = [median(cold), median(warm), times, median(computed), median(read), median(bytes)];
    table.rows.push([model, tokens, ...measured]);
    findings.push(
      `a restart${model && ` of ${model}`} with ${tokens} tokens: the first token ${times.toFixed(1)}x sooner (target ${target}x), ` +
        `${median(computed)} tokens computed (target 32 at most)`,
    );
  }
  return { findings, tables: [table] };
}
