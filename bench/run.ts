/** npm run bench -- <name> [--runs N] [--threads N] [--hybrid]: runs one benchmark, prints it, keeps it in bench/results. */
import { parseArgs } from 'node:util';
import { benchDemo } from './demo.js';
import { benchMemory } from './memory/memory.js';
import { benchMicro } from './micro/micro.js';
import { benchPatterns } from './patterns/patterns.js';
import { benchPeer } from './peer.js';
import { type BenchOptions, publish, type Report } from './report.js';
import { benchServing } from './serving/serving.js';
import { benchSim } from './sim/sim.js';
import { benchSteps } from './steps.js';
import { benchCaps } from './workloads/caps.js';
import { benchClasses } from './workloads/classes.js';
import { benchControl } from './workloads/control.js';
import { benchFleet } from './workloads/fleet.js';
import { benchHybrid } from './workloads/hybrid.js';
import { benchLongPrompt } from './workloads/long-prompt.js';
import { benchLoop } from './workloads/loop.js';
import { benchParked } from './workloads/parked.js';
import { benchReplay } from './workloads/replay.js';
import { benchSubagents } from './workloads/subagents.js';
import { benchThrash } from './workloads/thrash.js';

const BENCHES: Record<string, { what: string; runs: number; run: (options: BenchOptions) => Promise<Report> }> = {
  demo: { what: 'what `npm start` shows: 8 agents on the embedded model', runs: 5, run: benchDemo },
  fleet: { what: 'W2: 8 agents against the naive baseline', runs: 3, run: benchFleet(8) },
  'fleet-32': { what: 'W2: 32 agents against the naive baseline', runs: 1, run: benchFleet(32) },
  control: { what: 'W0: no reuse at all, cache on against off', runs: 7, run: benchControl },
  loop: { what: 'W1: one agent with tools, and the closed forms', runs: 5, run: benchLoop },
  caps: { what: 'W2 in too small a pool: our window against every fixed cap', runs: 3, run: benchCaps },
  thrash: { what: 'W5: idle agents beyond memory, against FCFS + LRU', runs: 3, run: benchThrash },
  classes: { what: 'W6: interactive requests among background work, against FCFS + LRU', runs: 2, run: benchClasses },
  subagents: { what: 'W7: a main agent and its sub-agents, against FCFS + LRU', runs: 3, run: benchSubagents },
  'long-prompt': { what: 'a prompt of 30,000 tokens among decoding agents', runs: 3, run: benchLongPrompt },
  parked: { what: '10,000 parked sessions: memory, what is lost, step times', runs: 1, run: benchParked },
  patterns: { what: 'best of n, trees, debates, workflows, against one call at a time', runs: 3, run: benchPatterns },
  memory: { what: 'resident memory: npm start, a chat, a pool half used', runs: 1, run: benchMemory },
  micro: { what: 'JavaScript time a token, one N-API call, event decoding', runs: 5, run: benchMicro },
  serving: { what: 'what HTTP costs: a token, throughput, the first token', runs: 3, run: benchServing },
  steps: { what: 'decode and prefill steps against stock llama.cpp (native)', runs: 5, run: benchSteps },
  sim: { what: 'the scheduling policy at GPU scale, simulated: W0-W7', runs: 3, run: benchSim },
  hybrid: { what: 'W2 and W7 on a hybrid model, against llama-server', runs: 3, run: benchHybrid },
  replay: { what: '20 turns of a coding agent on three APIs, against llama-server', runs: 2, run: benchReplay },
  peer: { what: 'W2 against node-llama-cpp (see bench/baseline)', runs: 3, run: benchPeer },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    threads: { type: 'string', default: '0' },
    hybrid: { type: 'boolean', default: false },
  },
});
/** Those that take a hybrid. */
const HYBRID = ['fleet', 'fleet-32', 'thrash', 'subagents', 'parked'];

const names = positionals[0] === 'all' ? Object.keys(BENCHES) : positionals;
if (names.length === 0 || names.some((name) => !Object.hasOwn(BENCHES, name))) {
  console.error('usage: npm run bench -- <name | all> [--runs N] [--threads N] [--hybrid]');
  for (const [name, { what }] of Object.entries(BENCHES)) console.error(`  ${name.padEnd(11)} ${what}`);
  process.exit(2);
}
const { hybrid } = values;
if (hybrid && names.some((name) => !HYBRID.includes(name))) {
  console.error(`--hybrid is for ${HYBRID.join(', ')}`);
  process.exit(2);
}
for (const name of names) {
  const bench = BENCHES[name] as (typeof BENCHES)[string];
  const runs = wholeNumber('--runs', values.runs ?? bench.runs, 1);
  const threads = wholeNumber('--threads', values.threads, 0);
  const command = `npm run bench -- ${name} --runs ${runs} --threads ${threads}${hybrid ? ' --hybrid' : ''}`;
  publish(hybrid ? `${name}-hybrid` : name, command, await bench.run({ runs, threads, hybrid }));
}

function wholeNumber(flag: string, text: string | number, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`${flag} must be a whole number from ${least} on, not "${text}"`);
  process.exit(2);
}
