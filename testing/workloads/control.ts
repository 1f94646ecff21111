import { WorkloadBuilder } from './builder.js';
import { Draw } from './draw.js';
import type { Scale } from './scale.js';

/** W0: single shots that share nothing; `perSecond` arrive in the mean. Answers differ in length when `spread` is set. */
export function control(
  scale: Scale,
  seed: string,
  { shots = 256, perSecond = 8, spread = false, prompt = 1024, answer = 128 } = {},
) {
  const workload = new WorkloadBuilder(scale);
  const draw = new Draw(`${seed}/control`);
  let arrival = 0;
  for (let i = 0; i < shots; i++) {
    const program = workload.program('workflow', arrival);
    const output = spread ? draw.length(answer) : answer;
    workload.call(program, { append: [[`shot ${i}`, prompt]], output });
    arrival += draw.exponential(1 / perSecond);
  }
  return workload;
}
