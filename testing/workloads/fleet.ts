import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

const ROLES = 4;

/**
 * W2: agents that share 3,000 tokens, 500 more within a role, and append ~870 and answer ~225 at each of 11 calls.
 * Closed loop: all start at once. Open loop: `perSecond` of them arrive.
 */
export function fleet(scale: Scale, seed: string, { agents = 32, calls = 11, perSecond = 0 } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/fleet`);
  let arrival = 0;
  for (let agent = 0; agent < agents; agent++) {
    const program = workload.program('workflow', arrival);
    workload.loop(
      program,
      Array.from({ length: calls }, (_, call) => ({
        append: [
          ...(call === 0
            ? ([
                ['shared', 3000],
                [`role ${agent % ROLES}`, 500],
              ] as [string, number][])
            : []),
          [`${agent}/${call}`, draw.length(870)],
        ],
        output: draw.length(225),
        staticTokens: 3500,
        ...(call > 0 && { tool: draw.quickTool() }),
      })),
    );
    if (perSecond > 0) arrival += draw.exponential(1 / perSecond);
  }
  return workload;
}
