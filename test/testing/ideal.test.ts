import { expect, test } from 'vitest';
import { newTokens, waitsAlone } from '../../testing/simulator/ideal.js';
import { WorkloadBuilder } from '../../testing/workloads/builder.js';
import { GPU } from '../../testing/workloads/scale.js';

test('a program that waits for tools and for another: its own time, and each beginning of a prompt once', () => {
  const workload = new WorkloadBuilder(GPU);
  const [one, two] = [workload.program('workflow'), workload.program('workflow', 2)];
  const first = workload.call(one, { append: [['shared', 100]], output: 10 });
  const second = workload.call(one, {
    after: [first],
    base: first,
    append: [['result', 20]],
    output: 10,
    tool: { name: 'search', seconds: 3 },
  });
  workload.call(two, { append: [['shared', 100]], output: 10 });
  workload.call(two, { after: [second], append: [['other', 7]], output: 10 });
  expect(waitsAlone(workload)).toEqual([3, 1]);
  expect(newTokens(workload)).toBe(127);
});
