import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import type { Cost } from '../cost.js';
import { busyMs } from './machine.js';

/** What a process is to measure. */
export interface Order {
  case: string;
  system: string;
  /** Equal seeds: equal workloads. */
  seed: string;
  /** Equal salts: equal tokens. */
  salt: string;
  /** Path of the model. */
  model: string;
  threads: number;
}

/** What it tells. `processCpuMs`: all CPU time of it and of the server it started, loading included. */
export type Answer = { cost: Cost; flags: string; processCpuMs: number } | { error: string };

/** `late`: it was not done in time. `slower`: it was cut, as it took more than so many times what the first system took. */
export type Measurement =
  | { cost: Cost; flags: string; foreignPercent: number }
  | { error: string; late?: boolean; slower?: number };

/**
 * Measures in a fresh process, which ends, with all that it started, after `limitMs`. `foreignPercent`: what other programs
 * took of the machine's CPU time meanwhile (Linux; 0 elsewhere).
 */
export async function measure(order: Order, limitMs: number): Promise<Measurement> {
  const busy = busyMs();
  const began = performance.now();
  const child = fork(new URL('./measure.ts', import.meta.url), { execArgv: process.execArgv, detached: true });
  const timer = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), limitMs);
  let told: Answer | undefined;
  child.on('message', (answer) => {
    told = answer as Answer;
  });
  child.send(order);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  if (!told) {
    const late = signal === 'SIGKILL';
    return { error: late ? `not done in ${limitMs / 1000} s` : `ended with ${signal ?? code}`, late };
  }
  if ('error' in told) return told;
  const machineMs = (performance.now() - began) * cpus().length;
  const foreign = Math.max(0, busyMs() - busy - told.processCpuMs);
  return { cost: told.cost, flags: told.flags, foreignPercent: (100 * foreign) / machineMs };
}
