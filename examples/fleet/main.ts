/** npm start [-- --model m.gguf --agents 8 ...]: a fleet of agents with tools, and the same work without prefix cache and batching. */
import { BanyanError, Engine, type EngineOptions } from 'banyan';
import { Command, InvalidArgumentError } from 'commander';
import { type FleetReport, runFleet } from './fleet.js';
import { fleetSummary, fleetTable } from './fleet-table.js';
import { fleetView } from './fleet-view.js';

interface Flags {
  model?: string;
  threads?: number;
  kvTokens?: number;
  agents: number;
  maxTokens: number;
  forceTools: number;
  compare: boolean;
  json: boolean;
}

const command = new Command('npm start --')
  .description('A fleet of agents with tools on one engine, and the same work without prefix cache and batching.')
  .option('--model <path|hf:user/repo:quant|url>', 'a GGUF; default: the small model of the package')
  .option('--threads <n>', 'compute threads; 0: one a physical core (default; 1 for the small model)', wholeNumber(0))
  .option('--kv-tokens <n>', 'tokens of the page pool; 0: chosen from the free memory', wholeNumber(0))
  .option('--agents <n>', 'agents at the same time', wholeNumber(1), 8)
  .option('--max-tokens <n>', 'most tokens a step', wholeNumber(1), 128)
  .option('--force-tools <n>', 'let none of the first n steps end without a tool call', wholeNumber(0), 0)
  .option('--no-compare', 'leave the comparison out')
  .option('--json', 'print the report as JSON', false);

async function main(flags: Flags): Promise<void> {
  const options: EngineOptions = { model: flags.model, threads: flags.threads, kvTokens: flags.kvTokens };
  const engine = await Engine.load(options);
  const model = engine.info;
  process.stderr.write(`${model.name || model.architecture} on ${model.backend}, ${flags.agents} agents at once\n`);
  const fleet = await watched(engine, flags);
  const baseline = flags.compare ? await runBaseline(options, flags) : undefined;
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ model, fleet, ...(baseline && { baseline }) }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${fleetTable(fleet)}\n${fleetSummary(fleet, baseline)}\n`);
  }
}

async function runBaseline(options: EngineOptions, flags: Flags): Promise<FleetReport> {
  process.stderr.write('The same work again, one request at a time, every prompt from its beginning\n');
  const engine = await Engine.load({ ...options, prefixCache: false, batching: false });
  return watched(engine, flags);
}

/** Report of a fleet that is shown while it runs. Closes the engine: two models at once may not fit. */
async function watched(engine: Engine, flags: Flags): Promise<FleetReport> {
  const view = fleetView(flags.agents, process.stderr);
  try {
    return await runFleet(engine, { ...flags, onEvent: view.onEvent });
  } finally {
    view.end();
    await engine.close();
  }
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on`);
    return value;
  };
}

try {
  await main(command.parse().opts<Flags>());
} catch (error) {
  if (!(error instanceof BanyanError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
