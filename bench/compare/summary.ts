import { median } from '../../testing/statistics.js';
import { COSTS, type Columns, type Cost, type Measured, over, table } from '../cost.js';
import type { Report, Table } from '../report.js';
import { measureOf } from './cases.js';
import type { Compared, ComparedSystem, Comparison } from './compare.js';

/** How many times better ours is than another system: the median of pairs, their least and greatest. */
export interface Ratio {
  times: number;
  least: number;
  greatest: number;
}

/** Of what a case is compared by. Undefined: one of them has no run that ended. */
export function ratioOf(ours: ComparedSystem, other: ComparedSystem, of: (cost: Cost) => number): Ratio | undefined {
  const pairs = ours.runs.flatMap((cost, i) => {
    const theirs = other.runs[other.numbers.indexOf(ours.numbers[i] as number)];
    return theirs ? [of(theirs) / of(cost)] : [];
  });
  if (pairs.length === 0) return undefined;
  return { times: median(pairs), least: Math.min(...pairs), greatest: Math.max(...pairs) };
}

/** All cases on one page: ratios first, the losses too. */
export function summarise({ compared, missing, peak }: Comparison): Report {
  const names = [...new Set(compared.flatMap(({ systems }) => systems.slice(1).map(({ name }) => name)))];
  const first = compared[0]?.systems[0]?.name ?? '';
  const overview: Table = {
    title: `How many times better ${first} is than each (median of pairs; least to greatest)`,
    columns: ['case', 'by', ...names],
    rows: compared.map((each) => {
      const ours = each.systems[0]?.name ?? '';
      const told = ours === first ? each.name : `${each.name}, ${ours}`;
      return [told, measureOf(each.case).what, ...names.map((name) => cell(each, name))];
    }),
  };
  return {
    findings: compared.flatMap(findings),
    tables: [overview, ...compared.map(details)],
    setup: {
      ...Object.fromEntries(missing.map(({ name, why }) => [`left out: ${name}`, why])),
      ...Object.fromEntries(compared.map((each) => [each.name, `${each.case.what}; ${each.model}`])),
      ...Object.fromEntries(
        compared.flatMap(({ name, systems }) =>
          systems
            .filter(({ flags }) => flags !== '')
            .map((system) => [`${name}, ${system.name}`, `\`${system.flags}\``]),
        ),
      ),
      'foreign load': `${Math.max(0, ...compared.flatMap(({ systems }) => systems.flatMap((each) => each.foreignPercent))).toFixed(0)}% of the machine at most while a run lasted`,
      'the machine at most': `${(peak.readBytes / 1e9).toFixed(1)} GB/s read, ${(peak.int8Ops / 1e12).toFixed(2)} int8 and ${(peak.bf16Ops / 1e12).toFixed(2)} bf16 teraoperations/s (${peak.int8By}; ${peak.bf16By}), ${peak.threads} threads`,
      'of least':
        'wall time over what distinct prompt tokens and the fewest steps cost at that rate: attention, sampling and tools are free there',
      'each run':
        'a fresh process; systems by turns; contents, tools and lengths of a run are the same for all systems',
    },
  };
}

function cell({ systems, case: of }: Compared, name: string): string {
  const [ours] = systems;
  const other = systems.find((system) => system.name === name);
  const ratio = ours && other && ratioOf(ours, other, measureOf(of).of);
  if (!ratio && other?.slower) return `> ${other.slower}x by wall time`;
  if (!ratio) return other?.failures[0] ? 'failed' : '-';
  const spread = `${ratio.least.toFixed(2)} to ${ratio.greatest.toFixed(2)}`;
  return `${ratio.times.toFixed(2)}x${other.runs.length > 1 ? ` (${spread})` : ''}`;
}

function findings(each: Compared): string[] {
  const [ours, ...others] = each.systems;
  if (!ours) return [];
  const failed = each.systems.flatMap(({ name, failures, slower }) =>
    failures.map((failure) => `${each.name}: ${name} ${slower ? 'was' : 'FAILED:'} ${failure}`),
  );
  const { what, of } = measureOf(each.case);
  const told = others.flatMap((other) => {
    const ratio = ratioOf(ours, other, of);
    if (!ratio) return [];
    // A target over llama-server is one over each way to start it.
    const family = other.name.replace(/-unified$|-flash$/, '');
    const { targets = {}, causes = {} } = each.case;
    const target = targets[other.name] ?? targets[family];
    const cause = causes[other.name] ?? causes[family];
    const short = ratio.times < Math.max(1, target ?? 0);
    const met = target === undefined ? '' : ` (target ${target}x: ${ratio.times >= target ? 'met' : 'MISSED'})`;
    const lost = ratio.times < 1 ? 'LOST: ' : '';
    const cpu = ratioOf(ours, other, ({ cpuMs }) => cpuMs)?.times ?? Number.NaN;
    const less =
      Number.isFinite(cpu) && other.runs.some(({ cpuMs }) => cpuMs > 0) ? `, ${cpu.toFixed(2)}x by CPU time` : '';
    return [
      `${each.name}: ${lost}${ratio.times.toFixed(2)}x over ${other.name} by ${what}${less}${met}${short && cause ? `: ${cause}` : ''}`,
    ];
  });
  return [...told, ...computedAgain(each), ...failed];
}

/** What systems compute beyond what is new, where there is a target for it. */
function computedAgain({ name, systems, case: { amplification = {} } }: Compared): string[] {
  return systems.flatMap((system) => {
    const target = amplification[system.name];
    if (target === undefined || system.runs.length === 0) return [];
    const times = over(system, ({ amplification }) => amplification);
    return `${name}: ${system.name} computes ${times.toFixed(2)}x the prompt tokens that are new (target ${target}x: ${times <= target ? 'met' : 'MISSED'})`;
  });
}

function details(each: Compared): Table {
  const measured = each.systems.filter(({ runs }) => runs.length > 0);
  const extras = [...new Set(measured.flatMap(({ runs }) => Object.keys(runs[0]?.extra ?? {})))];
  const columns: Columns<ComparedSystem> = {
    ...COSTS,
    ...(each.leastS.length > 0 && {
      'of least': ({ runs, numbers }: ComparedSystem) =>
        median(runs.map(({ wallMs }, i) => wallMs / 1000 / (each.leastS[numbers[i] as number] as number))),
    }),
    ...Object.fromEntries(
      extras.map((name) => [name, (of: Measured) => over(of, ({ extra }) => extra[name] ?? Number.NaN)]),
    ),
  };
  return table(`${each.name}: ${each.case.what}`, columns, measured);
}
