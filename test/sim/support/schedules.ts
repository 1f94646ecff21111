import fc from 'fast-check';
import type { NativeSimCall, NativeSimProgram, NativeSimWorkload } from '../../../src/native/simulation.js';
import type { NativeClass } from '../../../src/native/vocabulary.js';
import { call, program } from './small.js';

/** What a random program does at each of its calls. */
interface Turn {
  append: number;
  output: number;
  tool: string;
  delayUs: number;
  /** Of its prompt, what is known when the tool starts. */
  known: number;
  /** Siblings that start together; 1: a plain turn. */
  width: number;
  /** Of those, as many as the next turn waits for; the others are cancelled. */
  need: number;
  /** Continues from this many turns before, as a rollback does. */
  back: number;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  append: fc.integer({ min: 1, max: 60 }),
  output: fc.integer({ min: 1, max: 25 }),
  tool: fc.constantFrom('', 'read', 'build', 'human'),
  delayUs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50_000 }), fc.integer({ min: 1, max: 20_000_000 })),
  known: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
  width: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }) }),
  need: fc.integer({ min: 0, max: 4 }),
  back: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) }),
});

interface Plan {
  cls: NativeClass;
  tenant: number;
  arrivalUs: number;
  abortUs: number;
  /** Programs of a family begin alike. */
  family: number;
  prefix: number;
  turns: Turn[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  cls: fc.constantFrom('interactive' as const, 'workflow' as const, 'background' as const),
  tenant: fc.integer({ min: 0, max: 2 }),
  arrivalUs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_000_000 })),
  abortUs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3_000_000 }) },
  ),
  family: fc.integer({ min: 0, max: 2 }),
  prefix: fc.integer({ min: 1, max: 120 }),
  turns: fc.array(turn, { minLength: 1, maxLength: 5 }),
});

const FAMILIES = 1_000_000;

function build(plans: Plan[]): NativeSimWorkload {
  const programs: NativeSimProgram[] = [];
  const calls: NativeSimCall[] = [];
  for (const { cls, tenant, arrivalUs, abortUs, family, prefix, turns } of plans) {
    const number = programs.push(program(cls, { tenant, salt: tenant, arrivalUs, abortUs })) - 1;
    const trunk: number[] = [];
    let before: number[] = [];
    let need = 0;
    for (const [i, step] of turns.entries()) {
      const base = trunk[Math.max(0, trunk.length - 1 - step.back)] ?? -1;
      const siblings = Array.from({ length: step.width }, (_, s) => {
        const start = i === 0 ? [FAMILIES + family, prefix] : [];
        const own = [number * 1000 + i * 10 + s + 1, step.append];
        const { tool, delayUs, known } = step;
        const link = i === 0 ? {} : { after: before, need, base, tool, delayUs, knownTokens: known };
        const group = step.width > 1 ? { group: number * 10 + i + 1, groupSize: step.width } : {};
        calls.push(
          call(number, [...start, ...own], step.output, { ...link, ...group, staticTokens: Math.min(prefix, 64) }),
        );
        return calls.length - 1;
      });
      trunk.push(siblings[0] as number);
      before = siblings;
      need = step.need < step.width && step.width > 1 ? step.need : 0;
    }
  }
  return { programs, calls, literals: [] };
}

/** Up to `most` programs of all classes and tenants, with forks, joins, cancelled losers, rollbacks, people who give up. */
export const schedules = (most = 10): fc.Arbitrary<NativeSimWorkload> =>
  fc.array(plan, { minLength: 1, maxLength: most }).map(build);

/** The largest prompt with its answer, in tokens: what the pool must hold for no request to be refused. */
export function largest({ calls }: NativeSimWorkload): number {
  const lengths: number[] = [];
  for (const { base, baseTokens, append, output } of calls) {
    const before = base < 0 ? 0 : baseTokens >= 0 ? baseTokens : (lengths[base] as number);
    lengths.push(before + append.reduce((sum, n, i) => sum + (i % 2 === 1 ? n : 0), 0) + output);
  }
  return Math.max(...lengths);
}
