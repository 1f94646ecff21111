import { loadBinding } from '../../src/native/binding.js';
import type { NativeSimConfig, NativeSimResult, NativeSimWorkload } from '../../src/native/simulation.js';
import { measure, type SimMetrics } from './metrics.js';
import { type SimSetup, type System, simConfig } from './systems.js';

export interface Run {
  result: NativeSimResult;
  metrics: SimMetrics;
}

/** One system on one workload. A violation of an invariant is an error: numbers of a broken run mean nothing. */
export async function run(
  workload: NativeSimWorkload,
  system: System,
  setup: SimSetup,
  more: Partial<NativeSimConfig> = {},
): Promise<Run> {
  const { programs, calls, literals } = workload;
  const result = await loadBinding().simulate({ programs, calls, literals }, simConfig(system, setup, more));
  if (result.violations.length > 0) throw new Error(`${system.name}: ${result.violations.join('; ')}`);
  return { result, metrics: measure(workload, result) };
}
