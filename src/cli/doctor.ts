import { basename } from 'node:path';
import { type DiagnoseOptions, diagnose } from '../doctor/diagnose.js';
import { textReport } from '../doctor/text-report.js';
import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { loadWithProgress } from './load-model.js';
import { ProgressLine } from './progress/progress-line.js';

/** The model counts tokens, and computes none. Its pool stays unwritten, and may be as large as prompts are long. */
const COUNTING = { maxRunning: 1, maxBatchTokens: 32 };

export interface DoctorFlags extends Pick<DiagnoseOptions, 'texts' | 'leastTokens' | 'prefillRate'> {
  json: boolean;
  failUnder?: number | undefined;
}

/**
 * `banyan doctor`: what the calls of a file could have reused and did not. `engine`: of the model that counts its tokens; without
 * one they are estimated. True: less was reused than `failUnder` percent.
 */
export async function doctor(
  path: string,
  { json, failUnder = 0, ...report }: DoctorFlags,
  { engine: options, signal }: { engine: EngineOptions | undefined; signal: AbortSignal },
): Promise<boolean> {
  let engine: Engine | undefined;
  const line = new ProgressLine();
  const onProgress: DiagnoseOptions['onProgress'] = ({ lines, fraction }) =>
    line.show(`Reading ${basename(path)}`, fraction, `${lines.toLocaleString('en')} lines`);
  try {
    if (options) engine = await loadWithProgress({ ...options, ...COUNTING });
    const found = await diagnose(path, { ...report, engine, signal, onProgress });
    line.end();
    process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : textReport(found));
    return found.reusedPercent < failUnder;
  } finally {
    line.end();
    await engine?.close();
  }
}
