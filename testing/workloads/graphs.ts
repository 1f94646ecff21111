import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

/** An operator of a workflow: which operators' answers it reads. */
type Graph = number[][];

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Shapes of multi-agent workflows as Helium evaluates them. */
export const GRAPHS: Record<string, Graph> = {
  'map-reduce 14': [...range(13).map(() => []), range(13)],
  'debate 3x2': [[], [], [], ...range(3).map(() => [0, 1, 2]), [3, 4, 5]],
  reflect: [[], [0], [0, 1], [2], [2, 3]],
  iterative: range(8).map((i) => (i === 0 ? [] : [i - 1])),
  'parallel 7x6': [...range(42).map((i) => (i < 7 ? [] : [i - 7])), range(7).map((i) => 35 + i)],
  '19 agents, 88 operators': range(88).map((i) =>
    i < 19 ? [] : [i - 19, 19 * Math.floor(i / 19 - 1) + ((i * 7) % 19)],
  ),
};

const DUPLICATES = 0.2;

/**
 * W4: `queries` runs of a graph. An operator's prompt is its agent's role, the query's document, and what it reads; every
 * fifth of those that read nothing repeats another's prompt and answer.
 */
export function graph(scale: Scale, seed: string, name: string, { queries = 6 } = {}) {
  const shape = GRAPHS[name];
  if (!shape) throw new Error(`no graph ${name}`);
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/graph ${name}`);
  for (let q = 0; q < queries; q++) {
    const program = workload.program('workflow', q * 0.5);
    const first = workload.calls.length;
    const says: { content: string; output: number }[] = [];
    shape.forEach((reads, op) => {
      const twin = op > 0 && reads.length === 0 && draw.unit() < DUPLICATES ? draw.below(op) : op;
      const copied = twin !== op && shape[twin]?.length === 0 ? twin : op;
      const said = copied === op ? { content: `${q}/${op}`, output: draw.length(250) } : says[copied];
      if (!said) throw new Error('a duplicate of nothing');
      says.push(said);
      workload.call(program, {
        after: reads.map((read) => first + read),
        append: [
          [`role ${copied % 19}`, 800],
          [`document ${q}`, 1500],
          ...reads.map((read) => [says[read]?.content ?? '', says[read]?.output ?? 0] as [string, number]),
          [`ask ${copied}`, 50],
        ],
        output: said.output,
        answer: said.content,
      });
    });
  }
  return workload;
}
