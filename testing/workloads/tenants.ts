import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import { mixed } from './mixed.js';
import type { Scale } from './scale.js';

export const QUIET = 1;
const NOISY = 2;

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

/**
 * A quiet tenant with people and agents as in W6, and a noisy one that asks `noise` questions at once and wants them all answered as soon as
 * can be: what one tenant costs another is measured on. Calls of the quiet one come first. Cut off at `seconds`.
 */
export function noisyNeighbour(scale: Scale, seed: string, { seconds = 120, noise = 10_000 } = {}) {
  const workload = mixed(scale, seed, { seconds, interactive: 1, agents: 4 });
  for (const program of workload.programs) Object.assign(program, { tenant: QUIET, salt: QUIET });
  const draw = new Draw(`${seed}/noisy`);
  for (let n = 0; n < noise; n++) {
    workload.call(workload.program('interactive', 0, { tenant: NOISY }), {
      append: [
        ['noisy assistant', 1500],
        [`noise ${n}`, draw.length(300)],
      ],
      output: draw.length(150),
      staticTokens: 1500,
    });
  }
  return workload;
}
