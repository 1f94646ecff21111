import { WorkloadBuilder } from '../builder.js';
import { Draw } from '../draw.js';
import type { Scale } from '../scale.js';

const TURNS = 11;
const HUMAN_SHARE = 0.1;

export interface IdleThrash {
  /** Tokens of KV in the pool. */
  poolTokens: number;
  /** Final contexts of all agents that are alive together, over the pool. */
  overcommit: number;
  /** Agents that follow one after another in each place: how long the load is held. */
  rounds?: number;
  /** Of an agent's first prompt, its own part. */
  own?: number;
}

/**
 * W5: coding agents of ~30k tokens with idle times between their calls: tools by the published mixture, every tenth gap a
 * person. A place's next agent starts when the one before has ended, so that the KV wanted stays at `overcommit` pools.
 */
export function idleThrash(
  scale: Scale,
  seed: string,
  { poolTokens, overcommit, rounds = 2, own = 20_000 }: IdleThrash,
) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/idle`);
  const finalContext = scale.tokens(3000 + own + TURNS * (870 + 225));
  const places = Math.max(1, Math.round((overcommit * poolTokens) / finalContext));
  for (let place = 0; place < places; place++) {
    let before: number | undefined;
    for (let round = 0; round < rounds; round++) {
      const name = `${place}/${round}`;
      const calls = workload.loop(
        workload.program('workflow', draw.unit() * 30),
        Array.from({ length: TURNS }, (_, turn) => ({
          append: [
            ...(turn === 0
              ? ([
                  ['shared', 3000],
                  [`repository ${name}`, draw.length(own)],
                ] as [string, number][])
              : []),
            [`${name}/${turn}`, draw.length(870)],
          ],
          output: draw.length(225),
          staticTokens: 3000,
          ...(turn > 0 && { tool: draw.unit() < HUMAN_SHARE ? draw.human() : draw.tool() }),
        })),
        before === undefined ? {} : { after: [before] },
      );
      before = calls.at(-1);
    }
  }
  return workload;
}
