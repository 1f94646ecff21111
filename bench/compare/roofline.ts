import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { NativeSimWorkload } from '../../src/native/simulation.js';
import { newTokens } from '../../testing/simulator/ideal.js';
import { isModelName, sizeOf } from '../models.js';

/** What a machine can do at most with so many threads, measured. */
export interface MachinePeak {
  threads: number;
  /** Bytes read from memory a second. */
  readBytes: number;
  /** Operations a second on int8 and on bf16 (or f32, where there is none), and the instructions that gave them. */
  int8Ops: number;
  int8By: string;
  bf16Ops: number;
  bf16By: string;
}

/** Compiles and runs bench/native/machine-peak.cpp: some seconds. */
export function machinePeak(threads: number): MachinePeak {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const folder = `${root}/native/.build`;
  mkdirSync(folder, { recursive: true });
  const program = `${folder}/machine-peak`;
  const flags = ['-O3', '-std=c++17', '-w', '-pthread', `${root}/bench/native/machine-peak.cpp`, '-o', program];
  execFileSync(process.env.CXX ?? 'c++', flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  return JSON.parse(execFileSync(program, [`${threads || cpus().length}`], { encoding: 'utf8' })) as MachinePeak;
}

/**
 * Seconds that a workload takes at least on this machine, whatever the engine: each distinct prompt token multiplied with all
 * weights once, and all weights read once for each step that is needed, if `slots` calls share each step. Attention, sampling
 * and tools are free. Undefined for a model whose sizes are not known here.
 */
export function leastSeconds(
  plan: NativeSimWorkload,
  model: string,
  slots: number,
  peak: MachinePeak,
): number | undefined {
  if (!isModelName(model)) return undefined;
  const { weights, bytes, quantised } = sizeOf(model);
  const prefill = (newTokens(plan) * 2 * weights) / (quantised ? peak.int8Ops : peak.bf16Ops);
  return prefill + (fewestSteps(plan, slots) * bytes) / peak.readBytes;
}

/** The first token of an answer comes with its prompt; the others need a step each, after those of the calls before. */
function fewestSteps({ calls }: NativeSimWorkload, slots: number): number {
  const ends: number[] = [];
  for (const { after, output } of calls) {
    ends.push(Math.max(0, ...after.map((call) => ends[call] ?? 0)) + Math.max(0, output - 1));
  }
  const all = calls.reduce((sum, { output }) => sum + Math.max(0, output - 1), 0);
  return Math.max(...ends, all / slots);
}
