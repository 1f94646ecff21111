import { type CallPlan, WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

const HUMAN_SHARE = 0.1;

export interface IdleThrash {
  /** Tokens of KV in the pool. */
  poolTokens: number;
  /** Final contexts of the agents that are alive together, over the pool. */
  overcommit: number;
  /** Agents that follow one after another in each place: how long the load is held. */
  rounds?: number;
  /** Calls of an agent; its own first tokens; the longest time of a tool or a person. */
  turns?: number;
  repository?: number;
  longestWaitS?: number;
}

/**
 * W5: coding agents of ~70k tokens, most of them waiting for tools at any time (the published mixture), every tenth of
 * them once for a person. A place's next agent starts when the one before has ended: the KV wanted stays the same.
 */
export function idleThrash(scale: Scale, seed: string, options: IdleThrash) {
  const { poolTokens, overcommit, rounds = 2 } = options;
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/idle`);
  let wanted = 0;
  for (let place = 0; wanted < overcommit * poolTokens; place++) {
    let before: number | undefined;
    for (let round = 0; round < rounds; round++) {
      const plans = agent(draw, `${place}/${round}`, options);
      const program = workload.program('workflow', draw.unit() * 30);
      before = workload.loop(program, plans, before === undefined ? {} : { after: [before] }).at(-1);
      if (round > 0) continue;
      for (const { append, output } of plans)
        wanted += scale.tokens(output + append.reduce((sum, [, n]) => sum + n, 0));
    }
  }
  return workload;
}

function agent(draw: Draw, name: string, options: IdleThrash): CallPlan[] {
  const { turns = 11, repository = 50_000, longestWaitS = 3600 } = options;
  const asks = draw.unit() < HUMAN_SHARE ? 1 + draw.below(turns - 1) : 0;
  const start: [string, number][] = [
    ['shared', 3000],
    [`repository ${name}`, draw.length(repository)],
  ];
  return Array.from({ length: turns }, (_, turn) => ({
    append: [...(turn === 0 ? start : []), [`${name}/${turn}`, draw.length(870)]],
    output: draw.length(225),
    staticTokens: 3000,
    ...(turn > 0 && { tool: atMost(turn === asks ? draw.human() : draw.tool(), longestWaitS) }),
  }));
}

const atMost = ({ name, seconds }: { name: string; seconds: number }, most: number) => ({
  name,
  seconds: Math.min(seconds, most),
});
