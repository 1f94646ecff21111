import { knownSum } from '../kit/sums/known-sum.js';
import type { ProgramCost } from '../native/reports/program-report.js';
import type { CallUsage } from '../native/reports/usage.js';

const MOST = 4_096;

/** What programs have cost, as it is seen from here. The latest 4,096 are known. */
export class Programs {
  readonly #reports = new Map<number, ProgramCost>();

  began(program: number): void {
    if (program === 0) return;
    const report = this.#reports.get(program) ?? empty();
    this.#reports.delete(program); // the latest last
    this.#reports.set(program, { ...report, live: report.live + 1, phase: 'reasoning' });
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= MOST) break;
      this.#reports.delete(oldest);
    }
  }

  /** `usage` undefined: it failed. */
  ended(program: number, usage: CallUsage | undefined): void {
    const report = this.#reports.get(program);
    if (!report) return;
    report.live--;
    report.calls++;
    if (!usage) return;
    report.promptTokens += usage.promptTokens;
    report.cachedTokens = knownSum(report.cachedTokens, usage.cachedTokens);
    report.outputTokens += usage.outputTokens;
    report.computedTokens += usage.computedTokens;
    report.service += usage.computedTokens;
  }

  report(program: number): ProgramCost | undefined {
    const report = this.#reports.get(program);
    return report && { ...report };
  }
}

function empty(): ProgramCost {
  return {
    ...{ phase: 'reasoning', active: true, paused: false, calls: 0, live: 0, service: 0, computedTokens: 0 },
    ...{ promptTokens: 0, cachedTokens: 0, outputTokens: 0, lostTokens: 0, preemptions: 0, pauses: 0 },
    ...{ waitedMs: 0, actingMs: 0, retention: '' },
  };
}
