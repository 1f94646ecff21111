import { expect, test } from 'vitest';
import { readLog } from './support/records.js';
import { call, config, program, simulate } from './support/small.js';

// Requests with a limit for their first token, more of them than the machine can take: who is admitted has it in time, and
// nothing of the machine is left unused for that. Who is refused comes again when it was told to.

const LIMIT_US = 150_000;

interface Load {
  /** Microseconds between two requests; what the machine can take is one in 11,600. */
  everyUs: number;
  limited: boolean;
  output: (of: number) => number;
}

async function run({ everyUs, limited, output }: Load) {
  const n = 400;
  const programs = Array.from({ length: n }, (_, of) =>
    program('workflow', { arrivalUs: 1 + of * everyUs, ...(limited && { ttftLimitUs: LIMIT_US }) }),
  );
  const calls = programs.map((_, of) => call(of, [of + 1, 200], output(of)));
  const made = config({ pages: 4_000, checkEvery: 0, checkCells: false, log: 'decisions' });
  const { log, calls: results } = await simulate({ programs, calls, literals: [] }, made);
  const came = new Map(readLog(log).flatMap(({ kind, request, at }) => (kind === 'arrive' ? [[request, at]] : [])));
  const spans = [...came].map(([id, at]) => (results.firstTokenUs[id - 1] as number) - at);
  return {
    served: spans.length,
    inTime: spans.filter((span) => span <= LIMIT_US).length / spans.length,
    endUs: Math.max(...results.endedUs),
  };
}

/** The same of each call, or between a third and five thirds of it. */
const OUTPUTS: [string, (of: number) => number][] = [
  ['equal answers', () => 50],
  ['answers of all lengths', (of) => 17 + ((of * 37) % 67)],
];

test.each(
  OUTPUTS.flatMap(([name, output]) => [4_000, 7_000, 11_000].map((everyUs) => [name, everyUs, output] as const)),
)(
  '%s, one in %i us: 19 of 20 that are admitted are in time, and none of the throughput goes',
  async (_, everyUs, output) => {
    const limited = await run({ everyUs, limited: true, output });
    const free = await run({ everyUs, limited: false, output });
    expect([limited.served, free.served]).toEqual([400, 400]); // in the end
    expect(limited.inTime).toBeGreaterThanOrEqual(0.95);
    expect(free.inTime).toBeLessThan(0.5 + (everyUs === 11_000 ? 0.5 : 0));
    expect(limited.endUs).toBeLessThan(1.01 * free.endUs);
  },
);
