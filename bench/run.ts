/** npm run bench -- <name>: runs one benchmark, prints it, keeps it in bench/results. `--help` says which there are. */
import { Command, InvalidArgumentError } from 'commander';
import { CASES } from './compare/cases.js';
import { QUICK, runComparison } from './compare/command.js';
import { DEFAULT_SYSTEMS } from './compare/systems.js';
import { benchDemo } from './demo.js';
import { benchJump } from './drafts/jump.js';
import { benchSpeculation } from './drafts/speculation.js';
import { benchGrammar } from './grammar.js';
import { benchGraphs } from './graphs/graphs.js';
import { benchInspector } from './inspector.js';
import { benchKernels } from './kernels.js';
import { benchMemory } from './memory/memory.js';
import { benchMicro } from './micro/micro.js';
import { MODELS } from './models.js';
import { benchPatterns, DEFAULT_MODEL, PATTERN_PARTS } from './patterns/patterns.js';
import { buildLlamaServer } from './peers/build-llama-server.js';
import { benchRemote } from './remote/remote.js';
import { type BenchOptions, publish, type Report } from './report.js';
import { benchServing, SERVING_PARTS } from './serving/serving.js';
import { benchTenants } from './serving/tenants.js';
import { benchSim } from './sim/sim.js';
import { benchSteps } from './steps.js';
import { benchTiers, PARTS, DEFAULT_MODEL as TIERS_MODEL } from './tiers/tiers.js';
import { benchWorkers } from './workers/workers.js';
import { benchClasses } from './workloads/classes.js';
import { benchClosedForms } from './workloads/closed-forms.js';
import { benchLongPrompt } from './workloads/long-prompt.js';
import { benchParked } from './workloads/parked.js';
import { benchReplay } from './workloads/replay.js';

interface Bench {
  what: string;
  runs: number;
  run: (options: BenchOptions) => Promise<Report>;
  hybrid?: true;
  only?: true;
}

/** What no other system can be asked in the same way. */
const BENCHES: Record<string, Bench> = {
  demo: { what: 'what `npm start` shows: 8 agents on the embedded model', runs: 5, run: benchDemo },
  'closed-forms': { what: 'W1: tokens computed, counted exactly', runs: 1, run: benchClosedForms },
  classes: { what: 'W6: people and background, each alone and together', runs: 2, run: benchClasses },
  'long-prompt': { what: 'a prompt of 30,000 tokens among decoding agents', runs: 3, run: benchLongPrompt },
  parked: { what: '10,000 parked sessions: memory, what is lost, step times', runs: 1, run: benchParked, hybrid: true },
  graphs: {
    what: 'fork-join, map-reduce, 19 agents: workflows against a plain runner on llama-server',
    runs: 3,
    run: benchGraphs,
  },
  inspector: {
    what: '/inspector over 10,000 nodes: what it costs, how soon it is there',
    runs: 5,
    run: benchInspector,
  },
  memory: { what: 'resident memory: npm start, a chat, a pool half used', runs: 1, run: benchMemory },
  micro: { what: 'JavaScript time a token, one N-API call, event decoding', runs: 5, run: benchMicro },
  kernels: {
    what: "what a core's kernels read of memory, in small and in huge pages (native)",
    runs: 25,
    run: benchKernels,
  },
  steps: { what: 'decode and prefill steps against stock llama.cpp (native); exact', runs: 5, run: benchSteps },
  grammar: { what: 'what a grammar costs a token, against llama.cpp (native)', runs: 5, run: benchGrammar },
  speculation: {
    what: 'drafts: off, always, auto; LLAMA_SERVER: its settings beside',
    runs: 5,
    run: benchSpeculation,
    only: true,
  },
  jump: {
    what: 'tokens without a choice: computed, checked, appended; LLAMA_SERVER: beside',
    runs: 5,
    run: benchJump,
    only: true,
  },
  sim: { what: 'the scheduling policy at GPU scale, simulated: W0-W7', runs: 3, run: benchSim },
  workers: {
    what: 'W2 on two engines in processes of their own against one, a thread each',
    runs: 5,
    run: benchWorkers,
  },
  remote: { what: 'an engine elsewhere: a decision of the pool, JavaScript a token', runs: 5, run: benchRemote },
  replay: { what: '20 turns of a coding agent on three APIs, against llama-server', runs: 2, run: benchReplay },
};

interface Preset {
  what: string;
  runs: number;
  cases: readonly string[];
  systems: readonly string[];
  model?: keyof typeof MODELS;
  hybrid?: keyof typeof MODELS;
}

const CAPS = [2, 4, 8, 16, 32].map((cap) => `fcfs-lru:${cap}`);
const SMALL = { model: 'small', hybrid: 'small-hybrid' } as const;

/** Parts of the comparison that answer one question. */
const PRESETS: Record<string, Preset> = {
  fleet: {
    what: 'W2: 8 agents against the naive baseline',
    runs: 3,
    cases: ['W2-8'],
    systems: ['banyan', 'naive'],
    model: '25m',
    hybrid: '25m-hybrid',
  },
  control: {
    what: 'W0: no reuse at all, cache on against off',
    runs: 7,
    cases: ['W0'],
    systems: ['banyan', 'cache-off'],
    model: '25m',
  },
  caps: {
    what: 'W2 in too small a pool: our window against fixed caps',
    runs: 3,
    cases: ['W2-tight'],
    systems: ['banyan', ...CAPS],
  },
  thrash: {
    ...SMALL,
    what: 'W5: idle agents beyond memory, with a disk cache, without, and against FCFS + LRU',
    runs: 3,
    cases: ['W5'],
    systems: ['banyan-disk', 'banyan', 'fcfs-lru'],
  },
  subagents: {
    ...SMALL,
    what: 'W7: a main agent and its sub-agents, against FCFS + LRU',
    runs: 3,
    cases: ['W7'],
    systems: ['banyan', 'fcfs-lru'],
  },
  real: {
    what: 'one stream and four agents on trained models, SmolLM2-135M and Gemma 3 270M',
    runs: 1,
    cases: ['R0', 'R2'],
    systems: ['banyan', 'llama-server', 'llama-bench', 'node-llama-cpp'],
  },
  hybrid: {
    what: 'W2 and W7 on a hybrid, against llama-server',
    runs: 1,
    cases: ['H2', 'H7'],
    systems: ['banyan', 'llama-server', 'llama-server-unified'],
  },
};

const wholeFrom = (least: number) => (text: string) => {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least) return value;
  throw new InvalidArgumentError(`it must be a whole number from ${least} on`);
};
const words = (text: string) => text.split(',').filter((word) => word !== '');

const program = new Command('npm run bench --')
  .description('Measures Banyan, and others beside it. Reports go to bench/results. Leave the machine alone meanwhile.')
  .helpCommand(false);
const typed = () => `npm run bench -- ${process.argv.slice(2).join(' ')}`;

interface Flags {
  runs: number;
  threads: number;
  hybrid?: boolean;
  only?: string;
}

/** A command with the options that all benchmarks have. */
function command(name: string, what: string, runs: number, hybrid: boolean): Command {
  const made = program
    .command(name)
    .description(what)
    .option('--runs <n>', 'times that each is measured', wholeFrom(1), runs)
    .option('--threads <n>', '0: one a physical core', wholeFrom(0), 0);
  return hybrid ? made.option('--hybrid', 'on a model with recurrent layers') : made;
}

for (const [name, { what, runs, run, hybrid, only }] of Object.entries(BENCHES)) {
  const made = command(name, what, runs, hybrid ?? false);
  if (only) made.option('--only <text>', 'works whose names hold it, as SmolLM2');
  made.action(async (flags: Flags) => {
    const { hybrid = false, only } = flags;
    const part = only === undefined ? '' : `-${only.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
    publish(`${name}${hybrid ? '-hybrid' : ''}${part}`, typed(), await run({ ...flags, hybrid }));
  });
}

for (const [name, { what, runs, cases, systems, model, hybrid }] of Object.entries(PRESETS)) {
  command(name, what, runs, hybrid !== undefined).action(async (flags: Flags) => {
    const on = flags.hybrid ? { model: hybrid, name: `${name}-hybrid` } : { model, name };
    await runComparison({ cases, systems, runs: flags.runs, threads: flags.threads, typed: typed(), ...on });
  });
}

command(
  'tiers',
  'the disk cache: restarts, agents beyond the pool, two processes, nothing shared, disks that fail',
  3,
  false,
)
  .option('--part <names>', `some of ${PARTS.join(', ')}, each in under four minutes on two cores`, words, PARTS)
  .option('--model <name>', 'of bench/models.ts (60m, 0.6b ...), smollm2, or a GGUF file', TIERS_MODEL)
  .option('--minutes <n>', 'that two processes share a directory', wholeFrom(1), 3)
  .action(({ part, ...flags }: Flags & { part: string[]; model: string; minutes: number }) =>
    benchTiers({ ...flags, parts: part, typed: typed() }),
  );

command(
  'patterns',
  "agents, best of n, trees, debates, workflows, against one call at a time; an agent's tools",
  3,
  false,
)
  .option('--part <names>', `some of ${PATTERN_PARTS.join(', ')}`, words, PATTERN_PARTS)
  .option('--model <name>', 'of the shapes: of bench/models.ts, smollm2, or a GGUF file', DEFAULT_MODEL)
  .option('--only <text>', 'shapes whose names hold it, as W2', '')
  .action(({ part, ...flags }: Flags & { part: string[]; model: string; only: string }) =>
    benchPatterns({ ...flags, parts: part, typed: typed() }),
  );

command('serving', 'what HTTP costs: a token, throughput, the first token, long answers; overload', 3, false)
  .option('--part <names>', `some of ${SERVING_PARTS.join(', ')}`, words, SERVING_PARTS)
  .action(({ part, runs }: Flags & { part: string[] }) => benchServing({ runs, parts: part, typed: typed() }));

command('tenants', 'a tenant beside one that saturates the server', 5, false)
  .option('--minutes <n>', 'after which the noise ends, whatever is left of it', wholeFrom(1), 12)
  .action(async (flags: Flags & { minutes: number }) => publish('tenants', typed(), await benchTenants(flags)));

interface CompareFlags extends Flags {
  cases: string[];
  systems?: string[];
  model?: string;
  quick?: boolean;
  resume?: boolean;
  limit: number;
  minutes: number;
  against?: string;
}

command('compare', 'the whole table: all workloads on all systems that can run here, within an hour', 3, false)
  .option('--cases <names>', `some of ${Object.keys(CASES).join(', ')}, or W2 for all that begin so`, words)
  .option(
    '--systems <names>',
    `the first is what others are compared with; default ${DEFAULT_SYSTEMS.join(',')}, of some cases fewer; also cache-off, banyan-disk, fcfs-lru:<n>, name=http://.../v1`,
    words,
  )
  .option('--model <name>', `one of ${Object.keys(MODELS).join(', ')}, or a GGUF file; default: each case's own`)
  .option('--quick', 'a part of it in under five minutes')
  .option('--resume', 'goes on where a comparison of this commit was cut')
  .option('--limit <seconds>', 'after which a run counts as failed', wholeFrom(1), 900)
  .option('--minutes <n>', 'each is measured once, and again as often as fits', wholeFrom(1), 60)
  .option('--against <file>', "an earlier report's .json: says which ratios moved by more than 10%")
  .action(async ({ quick, cases, systems, limit, ...flags }: CompareFlags) => {
    const part = quick ? QUICK : { cases: Object.keys(CASES) };
    await runComparison({
      ...flags,
      ...part,
      ...(cases && { cases }),
      systems,
      limitS: limit,
      name: quick ? 'compare-quick' : 'compare',
      typed: typed(),
    });
  });

program
  .command('build-peers')
  .description('builds llama-server and llama-bench of the same llama.cpp source, about 10 minutes')
  .action(() => console.log(buildLlamaServer()));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  program.error(error.message, { exitCode: 2 }); // a name that is none
}
