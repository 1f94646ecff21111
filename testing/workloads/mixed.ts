import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

export interface Mixed {
  seconds: number;
  /** People's questions a second; 0 = none. */
  interactive?: number;
  /** Agents of W2 at work all the time. */
  agents?: number;
  /** Summaries in progress all the time; 0 = none. */
  background?: number;
}

/** W6: people (Poisson), agents, and background summaries that would take all the time there is. Cut off at `seconds`. */
export function mixed(scale: Scale, seed: string, { seconds, interactive = 0, agents = 0, background = 0 }: Mixed) {
  const workload = new WorkloadBuilder(scale);
  people(workload, new Draw(`${seed}/people`), interactive, seconds);
  for (let a = 0; a < agents; a++) endlessAgent(workload, new Draw(`${seed}/agent ${a}`), a, seconds);
  for (let b = 0; b < background; b++) endlessSummaries(workload, new Draw(`${seed}/background ${b}`), b, seconds);
  return workload;
}

function people(workload: WorkloadBuilder, draw: Draw, perSecond: number, seconds: number): void {
  if (perSecond === 0) return;
  for (let t = draw.exponential(1 / perSecond), i = 0; t < seconds; t += draw.exponential(1 / perSecond), i++) {
    workload.call(workload.program('interactive', t), {
      append: [
        ['assistant', 1500],
        [`question ${i}`, draw.length(300)],
      ],
      output: draw.length(150),
      staticTokens: 1500,
    });
  }
}

/** Runs of 11 calls, one after another: enough of them that none ends before the time is up. */
function endlessAgent(workload: WorkloadBuilder, draw: Draw, agent: number, seconds: number): void {
  let before: number | undefined;
  for (let run = 0; run < Math.ceil(seconds / 20); run++) {
    const calls = workload.loop(
      workload.program('workflow', draw.unit() * 5),
      Array.from({ length: 11 }, (_, call) => ({
        append: [
          ...(call === 0
            ? ([
                ['shared', 3000],
                [`role ${agent % 4}`, 500],
              ] as [string, number][])
            : []),
          [`agent ${agent}/${run}/${call}`, draw.length(870)],
        ],
        output: draw.length(225),
        staticTokens: 3500,
        ...(call > 0 && { tool: draw.quickTool() }),
      })),
      before === undefined ? {} : { after: [before] },
    );
    before = calls.at(-1);
  }
}

function endlessSummaries(workload: WorkloadBuilder, draw: Draw, place: number, seconds: number): void {
  let before: number | undefined;
  for (let i = 0; i < Math.ceil(seconds / 2); i++) {
    before = workload.call(workload.program('background'), {
      ...(before !== undefined && { after: [before] }),
      append: [
        ['summarise', 200],
        [`document ${place}/${i}`, draw.length(6000)],
      ],
      output: draw.length(300),
      staticTokens: 200,
    });
  }
}
