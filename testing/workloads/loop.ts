import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

/** W1: one agent, 11 turns over 2,000 static tokens, tools by the published mixture, or `quick` ones only. */
export function loop(scale: Scale, seed: string, { turns = 11, quick = false } = {}) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/loop`);
  workload.loop(
    workload.program('workflow'),
    Array.from({ length: turns }, (_, turn) => ({
      append: [...(turn === 0 ? [['static', 2000] as [string, number]] : []), [`turn ${turn}`, draw.length(800)]],
      output: draw.length(300),
      staticTokens: 2000,
      ...(turn > 0 && { tool: quick ? draw.quickTool() : draw.tool() }),
    })),
  );
  return workload;
}

/** The closed forms: 5 steps of 200 + 300 more each time, and 10 steps over a static prefix of 2,000 with 30 own tokens. */
export function closedForms(scale: Scale) {
  const growing = new WorkloadBuilder(scale);
  const grower = growing.program('workflow');
  for (let step = 0; step < 5; step++) {
    growing.call(grower, {
      after: step === 0 ? [] : [step - 1],
      append: [['start', 200], ...Array.from({ length: step }, (_, i) => [`more ${i}`, 300] as [string, number])],
      output: 1,
    });
  }
  const still = new WorkloadBuilder(scale);
  const speaker = still.program('workflow');
  for (let step = 0; step < 10; step++) {
    still.call(speaker, {
      after: step === 0 ? [] : [step - 1],
      append: [
        ['static', 2000],
        [`own ${step}`, 30],
      ],
      output: 1,
    });
  }
  return { growing, still };
}
