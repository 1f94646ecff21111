import fc from 'fast-check';
import { expect } from 'vitest';
import type { ModelLease, Models } from '../../src/models/models.js';
import { turns, world } from './world.js';

/** A thing that users of models do, or that time does. */
type Use = { use: string } | { release: number } | { pass: number };

/** Uses of the models of these names, and what a test has beside them. */
export const anyUses = <Other = never>(
  names: string[],
  ...others: fc.Arbitrary<Other>[]
): fc.Arbitrary<(Use | Other)[]> =>
  fc.array(
    fc.oneof(
      fc.record({ use: fc.constantFrom(...names) }),
      ...others,
      fc.record({ release: fc.nat(5) }),
      fc.record({ pass: fc.integer({ min: 1, max: 2_000 }) }),
    ) as fc.Arbitrary<Use | Other>,
    { maxLength: 40 },
  );

/** Lives through them: never more than a budget of 200, never an engine in use closed, and all end. `act` does what is no use. */
export async function liveThrough<Other extends object = never>(
  sizes: Record<string, number>,
  steps: readonly (Use | Other)[],
  act: (models: Models, other: Other) => Promise<unknown> = async () => {},
): Promise<void> {
  const { models, open, clock } = world(sizes, 200, { idleMs: 1_000 });
  const leases: ModelLease[] = [];
  const pending: Promise<unknown>[] = [];
  const check = () => {
    for (const { engine } of leases) expect(engine.closed).toBe(false);
    expect(models.memory.usedBytes).toBeLessThanOrEqual(200);
  };
  for (const one of steps) {
    if ('use' in one) pending.push(models.acquire(one.use).then((lease) => leases.push(lease)));
    else if ('release' in one) leases.splice(one.release % (leases.length || 1), 1)[0]?.release();
    else if ('pass' in one) clock.pass(one.pass);
    else pending.push(act(models, one));
    await turns(3);
    check();
  }
  for (const all = Promise.all(pending); ; ) {
    const done = await Promise.race([all.then(() => true), turns(5).then(() => false)]);
    check();
    leases.shift()?.release();
    if (done && leases.length === 0) break;
  }
  await models.close();
  expect(open.size).toBe(0);
}
