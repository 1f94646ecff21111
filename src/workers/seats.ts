import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { invalidOption } from '../kit/option-checks.js';
import type { WorkerSeat } from './worker-process.js';

const NODES = '/sys/devices/system/node';

/** Where each worker computes. Throws INVALID_OPTION. */
export function seatsOf(
  count: number,
  devices: readonly string[] | undefined,
  cpus: readonly string[] | undefined,
): WorkerSeat[] {
  if (devices && devices.length !== count) throw invalidOption('devices', `${count} devices, one a worker`, devices);
  if (cpus && cpus.length !== count) throw invalidOption('cpus', `${count} lists, one a worker`, cpus);
  if (cpus && !hasTaskset()) throw invalidOption('cpus', 'left out: there is no taskset here', cpus);
  const found = cpus ?? nodeCpus(count);
  return Array.from({ length: count }, (_, at) => ({ cpus: found?.[at], device: devices?.[at] }));
}

/** CPUs of the NUMA nodes, where there is a node for each worker. */
function nodeCpus(count: number): string[] | undefined {
  if (count < 2 || !hasTaskset()) return undefined;
  try {
    const lists = readdirSync(NODES)
      .filter((name) => /^node\d+$/.test(name))
      .map((name) => readFileSync(`${NODES}/${name}/cpulist`, 'utf8').trim())
      .filter((list) => list !== '');
    return lists.length === count ? lists : undefined;
  } catch {
    return undefined;
  }
}

let known: boolean | undefined;

function hasTaskset(): boolean {
  known ??= spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0;
  return known;
}
