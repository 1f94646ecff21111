/** One run of one case on one system, in a process of its own: told by a message of the parent, answered by another. */
import { costOf } from '../cost.js';
import { CASES, type Case } from './cases.js';
import type { Answer, Order } from './order.js';
import { kindNamed, type Setting } from './systems.js';

/** What a case gives its systems. The longest call: prompts and answers have lengths that the plan knows. */
function settingOf({ kvTokens, slots, build }: Case, { seed, model, threads }: Order): Setting {
  const lengths: number[] = [];
  for (const { base, baseTokens, append, output } of build(seed).plan.calls) {
    const past = base < 0 ? 0 : (lengths[base] ?? 0);
    const own = append.reduce((sum, n, i) => sum + (i % 2 === 1 ? n : 0), 0);
    lengths.push((baseTokens < 0 ? past : Math.min(past, baseTokens)) + own + output);
  }
  return { model, threads, kvTokens, slots, longest: Math.max(...lengths) + 16 };
}

async function answer(order: Order): Promise<Answer> {
  const measured: Case = (CASES as Record<string, Case>)[order.case] as Case;
  const { plan, extra } = measured.build(order.seed);
  const kind = kindNamed(order.system);
  const setting = settingOf(measured, order);
  const system = await kind.open(setting);
  try {
    const { untilMs } = measured;
    const cost = await costOf(system, plan, { untilMs, extra, salt: order.salt });
    const { user, system: kernel } = process.cpuUsage();
    const own = (user + kernel) / 1000;
    return { cost, flags: kind.flags(setting), processCpuMs: own + (system.cpuMs?.() ?? 0) };
  } finally {
    await system.close();
  }
}

process.once('message', (order: Order) => {
  answer(order)
    .catch((error: unknown): Answer => ({ error: error instanceof Error ? error.message : String(error) }))
    .then((told) => process.send?.(told, () => process.disconnect()));
});
