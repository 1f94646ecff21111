import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Ref } from '../../src/graph/node.js';
import { text } from '../../src/graph/text.js';
import { Workflow } from '../../src/graph/workflow.js';
import { Memo } from '../../src/memo/memo.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { GRAPHS } from '../../testing/workloads/graphs.js';

// The shapes of multi-agent workflows on a real engine: an operator's prompt is its agent's role, the document, and what it reads.

let engine: Engine;
beforeEach(async () => {
  engine = await openEngine(RAMBLING_MODEL, { kvTokens: 16_384 });
});
afterEach(() => engine.close());

const ROLE = 'You are one agent of several and you answer briefly. '.repeat(4);

/** A plan of a shape. Every fifth operator that reads nothing asks what the one before it asks. */
function planOf(shape: readonly (readonly number[])[]) {
  const flow = new Workflow();
  const document = flow.input('document');
  const nodes: Ref<string>[] = [];
  for (const [index, reads] of shape.entries()) {
    const asks = reads.length === 0 && index % 5 === 4 ? index - 1 : index;
    const inputs = Object.fromEntries(reads.map((other) => [`answer ${other}`, nodes[other] as Ref<string>]));
    const read = flow.code(`read ${index}`, inputs, (answers) => Object.values(answers).join('; '), { pure: true });
    nodes.push(
      flow.ask(`operator ${index}`, {
        ...{ system: `${ROLE} Role ${asks % 19}.`, temperature: 0, maxTokens: 4 },
        prompt:
          reads.length === 0 ? text`${document} Question ${asks}.` : text`${document} Read ${read}. Question ${asks}.`,
      }),
    );
  }
  const twins = shape.filter((reads, index) => reads.length === 0 && index % 5 === 4).length;
  const outputs = Object.fromEntries(nodes.map((node, index) => [`operator ${index}`, node]));
  return { plan: flow.plan(outputs), twins, operators: shape.length };
}

test.each(Object.entries(GRAPHS))(
  '%s: equal operators run once, roles and documents are computed once, a second run is known',
  async (_name, shape) => {
    const { plan, twins, operators } = planOf(shape);
    const memo = new Memo();
    const { outputs, nodes, usage } = await plan.run(
      engine,
      { document: 'A banyan grows roots from its branches.' },
      { memo },
    );
    expect(Object.keys(outputs)).toHaveLength(operators);
    const asked = nodes.filter(({ kind }) => kind === 'ask');
    expect(asked).toHaveLength(operators - twins);
    // At least the role is there already, for each but the first of a role: 19 roles, and a page of each may be begun otherwise.
    const role = engine.tokenize(ROLE).length - 32;
    expect(usage.cachedTokens).toBeGreaterThanOrEqual((asked.length - 1) * Math.max(0, role - 32));
    const { submitted } = await engine.stats();
    const again = await plan.run(engine, { document: 'A banyan grows roots from its branches.' }, { memo });
    expect(again.outputs).toEqual(outputs);
    expect((await engine.stats()).submitted).toBe(submitted);
    expect(again.usage.computedTokens).toBe(0);
  },
);

test('a graph gives what its calls give one after the other', async () => {
  const { plan } = planOf(GRAPHS['debate 3x2'] ?? []);
  const inputs = { document: 'Tea or coffee?' };
  const exact = await openEngine(RAMBLING_MODEL, { kvTokens: 16_384, maxBatchTokens: 1, maxRunning: 1 });
  const side = await plan.run(exact, inputs);
  const single = await plan.run(exact, inputs, { atOnce: 1 });
  expect(side.outputs).toEqual(single.outputs);
  await exact.close();
});
