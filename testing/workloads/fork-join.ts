import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

const PROMPT = 4000;

/** W3: best of 16, over when 4 have answered: the others are cancelled. */
export function bestOf(scale: Scale, seed: string, { programs = 8, candidates = 16, enough = 4 } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/best-of`);
  for (let p = 0; p < programs; p++) {
    const program = workload.program('workflow', p);
    const tries = Array.from({ length: candidates }, () =>
      workload.call(program, {
        append: [[`question ${p}`, PROMPT]],
        output: draw.length(400),
        group: p + 1,
        groupSize: candidates,
      }),
    );
    workload.call(program, {
      after: tries,
      need: enough,
      append: [
        [`question ${p}`, PROMPT],
        [`candidates ${p}`, enough * 400],
      ],
      output: 100,
    });
  }
  return workload;
}

/** W3: tree of thought, `breadth` thoughts a level, each judged, the best goes on. */
export function treeOfThought(scale: Scale, seed: string, { programs = 8, breadth = 4, depth = 4 } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/tree`);
  for (let p = 0; p < programs; p++) {
    const program = workload.program('workflow', p);
    let trunk = workload.call(program, { append: [[`problem ${p}`, PROMPT]], output: 50 });
    let judged = [trunk];
    for (let level = 0; level < depth; level++) {
      const thoughts = Array.from({ length: breadth }, (_, b) =>
        workload.call(program, {
          after: judged,
          base: trunk,
          append: [[`think ${p}/${level}/${b}`, 30]],
          output: draw.length(150),
        }),
      );
      judged = thoughts.map((thought) =>
        workload.call(program, { after: [thought], base: thought, append: [['judge', 60]], output: 10 }),
      );
      trunk = thoughts[draw.below(breadth)] as number;
    }
  }
  return workload;
}

/** W3: a search of 160 calls like LATS: rounds of 5 children of a node drawn among those found so far, with tools. */
export function treeSearch(scale: Scale, seed: string, { programs = 4, rounds = 32, children = 5 } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/search`);
  for (let p = 0; p < programs; p++) {
    const program = workload.program('workflow', p);
    const nodes = [workload.call(program, { append: [[`task ${p}`, PROMPT]], output: 100 })];
    let last = [...nodes];
    for (let round = 0; round < rounds; round++) {
      const parent = nodes[draw.below(nodes.length)] as number;
      const found = Array.from({ length: children }, (_, c) =>
        workload.call(program, {
          after: last,
          base: parent,
          append: [[`observation ${p}/${round}/${c}`, draw.length(200)]],
          output: draw.length(150),
          tool: draw.quickTool(),
        }),
      );
      nodes.push(...found);
      last = found;
    }
  }
  return workload;
}
