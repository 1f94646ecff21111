import type { Engine, Ref } from '../../src/index.js';
import { bestOf, debate, mapReduce, reflect, text, treeSearch, Workflow } from '../../src/index.js';
import { GRAPHS } from '../../testing/workloads/graphs.js';

/** What one pattern does with an engine, whatever the engine is: the same calls, in the same order where they depend on each other. */
export interface Shape {
  name: string;
  run: (engine: Engine) => Promise<unknown>;
}

/** About 250 tokens on the models of the benchmarks: a short system prompt, over 16 as all lengths at CI scale. */
const SYSTEM =
  'You are one of several agents that work on the same question. Answer briefly and keep to the facts. '.repeat(8);
const DOCUMENT =
  'A banyan begins its life in the crown of another tree and lets down roots that become trunks of their own. '.repeat(
    12,
  );
/** Answers of one length for all systems: the grammar allows no other. */
const LENGTH = 40;
const TURN = { grammar: `root ::= [a-z]{${LENGTH}}`, temperature: 0 } as const;

const asked = (engine: Engine) => engine.session({ system: SYSTEM, ...TURN });

/** A workflow of one of Helium's shapes; every fifth operator that reads nothing asks what another one asks. */
function workflow(shape: readonly (readonly number[])[]): Shape['run'] {
  const flow = new Workflow();
  const document = flow.input('document');
  const nodes: Ref<string>[] = [];
  for (const [index, reads] of shape.entries()) {
    const asks = reads.length === 0 && index % 5 === 4 ? index - 1 : index;
    const inputs = Object.fromEntries(reads.map((other) => [`${other}`, nodes[other] as Ref<string>]));
    const read = flow.code(`read ${index}`, inputs, (answers) => Object.values(answers).join('; '), { pure: true });
    const prompt = text`${document} Read ${read}. Question ${asks} of agent ${asks % 19}.`;
    nodes.push(flow.ask(`operator ${index}`, { system: SYSTEM, prompt, ...TURN }));
  }
  const plan = flow.plan(Object.fromEntries(nodes.map((node, index) => [`${index}`, node])));
  return (engine) => plan.run(engine, { document: DOCUMENT }).result;
}

const letters = ({ answer }: { answer: { text: string } }) => answer.text.split('a').length;

export const SHAPES: readonly Shape[] = [
  {
    name: 'best of 8',
    run: async (engine) => {
      const { session } = await bestOf(asked(engine), DOCUMENT, { n: 8, turn: { ...TURN, temperature: 1, seed: 1 } });
      await session.close();
    },
  },
  {
    name: 'fork-join of 8, then a join',
    run: (engine) =>
      mapReduce(asked(engine), [...Array(8).keys()], {
        map: (item) => `${DOCUMENT} Part ${item}?`,
        reduce: (parts) => parts.map((part) => part.text).join('\n'),
      }),
  },
  {
    name: 'tree of thought, 3 children, beam 2, depth 3',
    run: async (engine) => {
      const turn = { ...TURN, temperature: 1, seed: 1 };
      const propose = (parent: unknown, child: number) =>
        parent ? `Go on, way ${child}.` : `${DOCUMENT} Way ${child}?`;
      const { best } = await treeSearch(asked(engine), {
        propose,
        score: letters,
        children: 3,
        beam: 2,
        depth: 3,
        turn,
      });
      await best.session.close();
    },
  },
  {
    name: 'debate of 3, two rounds, a judge',
    run: (engine) => {
      const sides = ['A', 'B', 'C'].map((name) => ({ name, session: asked(engine) }));
      return debate(DOCUMENT, sides, asked(engine));
    },
  },
  {
    name: 'reflection, two rounds',
    run: (engine) => reflect(asked(engine), asked(engine), DOCUMENT, { accept: () => false }),
  },
  ...Object.entries(GRAPHS).map(([name, shape]) => ({ name: `workflow: ${name}`, run: workflow(shape) })),
];
