import { Engine } from '../../src/index.js';
import { median } from '../../testing/statistics.js';
import type { Table } from '../report.js';
import { CACHE_BYTES, inDirectory, type PartOptions, tokensOf } from './directory.js';

const PROMPTS = [
  { tokens: 2048, target: 10 },
  { tokens: 8192, target: 15 },
];

/** The first token of a prompt in a new engine: cold, and when one before it had the prompt, by turns. */
export async function restart({ model, runs, threads }: PartOptions) {
  const table: Table = { title: 'First token after a restart', columns: [], rows: [] };
  table.columns = ['prompt tokens', 'cold ms', 'from disk ms', 'times sooner', 'computed tokens', 'from disk'];
  const findings: string[] = [];
  for (const { tokens, target } of PROMPTS) {
    const [cold, warm, computed, read] = [[] as number[], [] as number[], [] as number[], [] as number[]];
    for (let run = 0; run < runs; run++)
      await inDirectory(async (dir) => {
        for (const times of [cold, warm]) {
          const cache = { dir, bytes: CACHE_BYTES };
          await using engine = await Engine.load({ model, threads, kvTokens: tokens + 1024, cache });
          const options = { temperature: 0, durable: true, ignoreEos: true, maxTokens: 2 };
          const { usage } = await engine.generate(tokensOf(run + 1, tokens), options);
          times.push(usage.ttftMs);
          console.error(`${tokens} tokens, run ${run + 1}, ${times === cold ? 'cold' : 'warm'}: ${usage.ttftMs} ms`);
          if (times === cold) continue;
          computed.push(usage.promptTokens - (usage.cachedTokens ?? 0));
          read.push(usage.hits.disk + usage.hits.host);
        }
      });
    const times = median(cold) / median(warm);
    table.rows.push([tokens, median(cold), median(warm), times, median(computed), median(read)]);
    findings.push(
      `a restart with ${tokens} tokens: the first token ${times.toFixed(1)}x sooner (target ${target}x), ` +
        `${median(computed)} tokens computed (target 32 at most)`,
    );
  }
  return { findings, tables: [table] };
}
