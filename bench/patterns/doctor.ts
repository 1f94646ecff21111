import { Doctor } from '../../src/doctor/doctor.js';
import { type ChatMessage, Engine } from '../../src/index.js';
import { type Client, TRAPS, trapQuestion } from '../../testing/workloads/prompt-traps.js';
import type { Report } from '../report.js';

const TURNS = 3;

/** What the doctor's advice saves: prompt tokens that the embedded model computes for three turns, before it is followed and after. */
export async function benchDoctor(threads: number): Promise<Pick<Report, 'findings' | 'tables'>> {
  await using engine = await Engine.load({ ...(threads > 0 && { threads }) });
  const rows: (string | number)[][] = [];
  for (const [name, { lint, trap, mended }] of Object.entries(TRAPS)) {
    const [before, after] = [await converse(engine, trap), await converse(engine, mended)];
    rows.push([name, lint, before.computed, before.told, after.computed]);
  }
  const sum = (column: number) => rows.reduce((all, row) => all + Number(row[column]), 0);
  return {
    findings: [
      `advice of the doctor: ${sum(2)} prompt tokens computed before, ${sum(3)} told as lost, ${sum(4)} after`,
    ],
    tables: [
      {
        title: 'advice of the doctor',
        columns: ['trap', 'lint', 'computed', 'told as lost', 'computed when mended'],
        rows,
      },
    ],
  };
}

/** From a cold cache. */
async function converse(engine: Engine, client: Client): Promise<{ computed: number; told: number }> {
  await engine.clearCache();
  await using doctor = new Doctor(engine);
  const said: ChatMessage[] = [];
  let computed = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    said.push(trapQuestion(turn));
    const { messages, options } = client(turn, said);
    const { text, usage } = await engine.generate(messages, { ...options, maxTokens: 12, temperature: 0 });
    said.push({ role: 'assistant', content: text });
    computed += usage.promptTokens - (usage.cachedTokens ?? 0);
  }
  return { computed, told: (await doctor.report()).lostTokens };
}
