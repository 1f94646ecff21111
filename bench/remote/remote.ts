import type { BenchOptions, Report } from '../report.js';
import { measureRouting } from './routing.js';
import { measureRemoteTokens } from './token-cost.js';

const met = (is: boolean) => (is ? 'met' : 'MISSED');

/** What an engine elsewhere costs this process: a decision where a request goes, and a token that comes back. */
export async function benchRemote({ runs }: BenchOptions): Promise<Report> {
  const routing = measureRouting();
  console.error('decisions are measured; tokens of another engine come next, a minute or so');
  const tokens = await measureRemoteTokens(runs);
  const [, half, most] = routing.rows[0] as [number, number, number];
  const worst = Math.max(...tokens.rows.map(([, micros]) => Number(micros)));
  return {
    findings: [
      `a decision among 16 servers takes ${half.toFixed(2)} ms of CPU, 99 of 100 take ${most.toFixed(2)} ms or less (target 1 ms: ${met(most <= 1)})`,
      `a token of another engine takes ${worst.toFixed(0)} us of JavaScript at most (target 60 us: ${met(worst <= 60)})`,
    ],
    tables: [routing, tokens],
    setup: { server: 'a process of its own, over TCP of this machine', repetitions: `${runs}, medians` },
  };
}
