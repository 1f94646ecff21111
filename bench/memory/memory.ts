import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchOptions, Report } from '../report.js';
import { CHAT, type Measured, measureBanyan, measureLlamaServer } from './measured.js';

const CONTEXT = 8_192;
const MIB = 2 ** 20;

/**
 * Memory of whole processes: `npm start`, and one engine after its load, after a chat and with half a context
 * written. BENCH_MODEL: a model to compare on; LLAMA_SERVER: the program to compare with.
 */
export async function benchMemory({ threads: given }: BenchOptions): Promise<Report> {
  if (process.platform !== 'linux') throw new Error('reads /proc: Linux only');
  const threads = given || 2;
  const { BENCH_MODEL: model, LLAMA_SERVER: server } = process.env;
  const start = await peakOfStart();
  const runs: Measured[] = [];
  runs.push(await measureBanyan('banyan, embedded model, default pool', { threads }, CONTEXT / 2));
  const findings = [`npm start: ${(start / MIB).toFixed(0)} MiB at most`];
  if (!model) findings.push('no comparison: BENCH_MODEL names no model');
  if (!server) findings.push('no comparison: LLAMA_SERVER names no program');
  if (model) {
    const ours = await measureBanyan('banyan, default pool', { model, threads }, CONTEXT / 2);
    runs.push(
      ours,
      await measureBanyan(`banyan, kvTokens ${CONTEXT}`, { model, threads, kvTokens: CONTEXT }, CONTEXT / 2),
    );
    if (server) {
      const theirs = await measureLlamaServer(server, model, CONTEXT, threads);
      runs.push(theirs);
      const ratio = (at: 'chatted' | 'filled') => (ours[at].now / theirs[at].now).toFixed(2);
      findings.push(
        `one chat with the default pool: ${ratio('chatted')}x of llama-server with a context of ${CONTEXT}; ` +
          `${CONTEXT / 2} tokens written: ${ratio('filled')}x`,
      );
    }
  }
  const mib = (bytes: number | undefined) => (bytes === undefined ? '-' : Math.round(bytes / MIB));
  return {
    findings,
    tables: [
      {
        title: 'resident MiB',
        columns: ['process', 'loaded', 'one chat', `${CONTEXT / 2} tokens`, 'of it anonymous', 'peak', 'pool reserved'],
        rows: runs.map(({ name, loaded, chatted, filled, poolBytes }) => [
          ...[name, mib(loaded.now), mib(chatted.now), mib(filled.now)],
          ...[mib(filled.anonymous), mib(filled.peak), mib(poolBytes)],
        ]),
      },
    ],
    setup: {
      model: model ? (model.split('/').at(-1) as string) : '-',
      chat: `"${CHAT.question}", ${CHAT.maxTokens} tokens at most`,
      threads,
      resident: 'of the whole process, Node and the mapped model file with it',
    },
  };
}

/** The most memory that what `npm start` runs ever holds. */
async function peakOfStart(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-memory-'));
  const file = join(folder, 'peak');
  const hook = new URL('./peak-at-exit.mjs', import.meta.url).href;
  const main = fileURLToPath(new URL('../../examples/fleet/main.ts', import.meta.url));
  try {
    await promisify(execFile)(process.execPath, ['--import', hook, '--import', 'tsx', main], {
      env: { ...process.env, PEAK_FILE: file },
    });
    return Number(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
