import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

/** Ten thousand programs that are alive at the same time, most of them waiting for a tool. */
export function parked(scale: Scale, seed: string, { programs = 10_000, turns = 3 } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/parked`);
  for (let p = 0; p < programs; p++) {
    workload.loop(
      workload.program('workflow', draw.unit() * 60, { tenant: p % 4 }),
      Array.from({ length: turns }, (_, turn) => ({
        append: [...(turn === 0 ? ([['shared', 200]] as [string, number][]) : []), [`${p}/${turn}`, draw.length(100)]],
        output: draw.length(16),
        ...(turn > 0 && { tool: { name: 'poll', seconds: 120 + 60 * draw.unit() } }),
      })),
    );
  }
  return workload;
}
