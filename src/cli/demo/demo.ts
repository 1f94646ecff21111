import { Engine } from '../../engine/engine.js';
import type { EngineOptions } from '../../engine/engine-options.js';
import { loadWithProgress } from '../load-model.js';
import { type FleetReport, runFleet } from './fleet.js';
import { fleetSummary, fleetTable } from './fleet-table.js';
import { fleetView } from './fleet-view.js';

export interface DemoOptions {
  engine: EngineOptions;
  agents: number;
  maxTokens: number;
  forceTools: number;
  compare: boolean;
  json: boolean;
}

/** A fleet of agents on one engine, and the same work without prefix cache and batching to compare with. */
export async function demo(options: DemoOptions): Promise<void> {
  const engine = await loadWithProgress(options.engine);
  const model = engine.info;
  process.stderr.write(`${model.name || model.architecture} on ${model.backend}, ${options.agents} agents at once\n`);
  const fleet = await watched(engine, options);
  const baseline = options.compare ? await runBaseline(options) : undefined;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ model, fleet, ...(baseline && { baseline }) }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`${fleetTable(fleet)}\n${fleetSummary(fleet, baseline)}\n`);
  }
}

async function runBaseline(options: DemoOptions): Promise<FleetReport> {
  process.stderr.write('The same work again, one request at a time, every prompt from its beginning\n');
  const engine = await Engine.load({ ...options.engine, prefixCache: false, batching: false });
  return watched(engine, options);
}

/** Closes the engine: two models at once may not fit. */
async function watched(engine: Engine, options: DemoOptions): Promise<FleetReport> {
  const view = fleetView(options.agents, process.stderr);
  try {
    return await runFleet(engine, { ...options, onEvent: view.onEvent });
  } finally {
    view.end();
    await engine.close();
  }
}
