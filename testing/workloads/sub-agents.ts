import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

export interface SubAgents {
  mains?: number;
  /** Sub-agents a turn of the main agent. */
  children?: number;
  turns?: number;
  prefix?: number;
}

/**
 * W7: main agents whose turns wait for sub-agents, programs of their own with another system prompt and 3 short turns.
 * Returns the workload and the main agents' calls.
 */
export function subAgents(
  scale: Scale,
  seed: string,
  { mains = 2, children = 8, turns = 5, prefix = 12_000 }: SubAgents = {},
) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/sub-agents`);
  const mainCalls: number[] = [];
  for (let m = 0; m < mains; m++) {
    const main = workload.program('workflow', m);
    let last = workload.call(main, { append: [[`main ${m}`, prefix]], output: 200, staticTokens: prefix });
    mainCalls.push(last);
    for (let turn = 1; turn < turns; turn++) {
      const ends = Array.from({ length: children }, (_, c) => {
        const child = workload.program('workflow');
        const steps = Array.from({ length: 3 }, (_, step) => ({
          append: [
            ...(step === 0 ? ([[`role ${c % 4}`, 8000]] as [string, number][]) : []),
            [`task ${m}/${turn}/${c}/${step}`, draw.length(400)] as [string, number],
          ],
          output: draw.length(120),
          staticTokens: 8000,
          ...(step > 0 && { tool: draw.quickTool() }),
        }));
        return workload.loop(child, steps, { after: [last] }).at(-1) as number;
      });
      last = workload.call(main, {
        after: [last, ...ends],
        base: last,
        tool: { name: 'agents', seconds: 0 },
        append: [[`results ${m}/${turn}`, children * 60]],
        output: draw.length(200),
      });
      mainCalls.push(last);
    }
  }
  return { workload, mainCalls };
}
