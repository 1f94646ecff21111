import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, Engine, type JournalEntry } from '../../src/index.js';
import type { Measured } from '../report.js';
import { toolOf, words } from './agents.js';

const STEPS = 16;
const PAGE = words('page', 1_600);

/** A run of the embedded model on record, whole. */
export interface Recorded extends Measured {
  steps: number;
  /** Of its file. */
  bytes: number;
  entries: JournalEntry[];
}

/** What a run that died costs once more, resumed in a new process (a cold cache) or begun again: the journal is cut behind a step. */
export async function benchResume(folder: string, threads: number): Promise<Recorded> {
  await using engine = await Engine.load({ maxContext: 8_192, kvTokens: 8_192, ...(threads > 0 && { threads }) });
  let called = 0;
  const read = toolOf('read', () => {
    called++;
    return PAGE;
  });
  const agent = new Agent({
    ...{ engine, tools: [read], system: 'Answer briefly.', temperature: 0, seed: 1, maxTokens: 120 },
    ...{ limits: { maxSteps: STEPS }, forceTools: STEPS - 1, parallelToolCalls: false },
  });
  const costOf = async (run: () => PromiseLike<{ text: string }>) => {
    await engine.clearCache();
    called = 0;
    const before = await engine.stats();
    const { text } = await run();
    const after = await engine.stats();
    const [computed, written] = [after.prefillTokens - before.prefillTokens, after.decodeTokens - before.decodeTokens];
    return { text, cells: [computed, written, called] };
  };
  const whole = join(folder, 'whole.jsonl');
  const begun = await costOf(() => agent.run('Read all the pages.', { journal: whole }));
  const lines = readFileSync(whole, 'utf8').trimEnd().split('\n');
  const entries = lines.map((line): JournalEntry => {
    const { sum: _checksum, ...entry } = JSON.parse(line);
    return entry;
  });
  const rows = [['begun again', ...begun.cells, 'yes']];
  for (const done of [STEPS / 2, STEPS - 1]) {
    const journal = join(folder, `died behind ${done}.jsonl`);
    const end = entries.findIndex((entry) => entry.type === 'turn' && entry.step === done);
    writeFileSync(journal, `${lines.slice(0, end).join('\n')}\n`, { mode: 0o600 });
    const resumed = await costOf(() => agent.resume(journal));
    rows.push([`resumed behind ${done} steps`, ...resumed.cells, resumed.text === begun.text ? 'yes' : 'no']);
  }
  const [again, half] = rows;
  return {
    ...{ steps: STEPS, bytes: statSync(whole).size, entries },
    findings: [
      `a run of ${STEPS} steps that died half way and goes on writes ${half?.[2]} tokens, calls ${half?.[3]} tools and computes ${half?.[1]} prompt tokens; ` +
        `begun again ${again?.[2]}, ${again?.[3]} and ${again?.[1]}`,
    ],
    tables: [
      {
        title: `a run of ${STEPS} steps whose process died, from a cold cache`,
        columns: ['how', 'prompt tokens computed', 'tokens written', 'calls of tools', 'same answer'],
        rows,
      },
    ],
  };
}
