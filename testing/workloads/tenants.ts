import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

/** Two tenants with the same agents, one with `greedy` times as many: what fairness between tenants is measured on. */
export function tenants(scale: Scale, seed: string, { modest = 8, greedy = 6, calls = 11 } = {}) {
  const workload = new WorkloadBuilder(scale);
  for (const [tenant, agents] of [modest, modest * greedy].entries()) {
    const draw = new Draw(`${seed}/tenant ${tenant}`);
    for (let agent = 0; agent < agents; agent++) {
      workload.loop(
        workload.program('workflow', 0, { tenant: tenant + 1 }),
        Array.from({ length: calls }, (_, call) => ({
          append: [
            ...(call === 0 ? ([[`system ${tenant}`, 3000]] as [string, number][]) : []),
            [`${tenant}/${agent}/${call}`, draw.length(870)],
          ],
          output: draw.length(225),
        })),
      );
    }
  }
  return workload;
}
