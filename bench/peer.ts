import { NodeLlamaCppSystem, peerPath } from './baseline/node-llama-cpp-system.js';
import type { BenchOptions, Report } from './report.js';
import { median } from './statistics.js';
import { BanyanSystem } from './systems/banyan-system.js';
import { type FleetCost, runAgents } from './workloads/agents.js';
import { CALLS, fleet, fleetTable } from './workloads/fleet.js';
import { CI_MODEL, ciModel } from './workloads/model.js';

const AGENTS = 8;

/** W2 on our engine and on node-llama-cpp, which batches its sequences and keeps each one's history. */
export async function benchPeer({ runs, threads }: BenchOptions): Promise<Report> {
  if (!peerPath()) throw new Error('the peer is not installed: npm install --prefix bench/baseline');
  const agents = fleet(AGENTS);
  const model = ciModel();
  const ours = await BanyanSystem.open('banyan', model, { threads });
  const peer = await NodeLlamaCppSystem.open(model, AGENTS, 2048, threads);
  const costs: Record<string, FleetCost[]> = { banyan: [], 'node-llama-cpp': [] };
  for (let run = 0; run < runs; run++)
    for (const system of run % 2 === 0 ? [ours, peer] : [peer, ours]) {
      await system.forget();
      costs[system.name]?.push(await runAgents(system, agents));
    }
  await ours.close();
  await peer.close();
  const wall = (name: string) => median((costs[name] ?? []).map(({ wallMs }) => wallMs));
  return {
    findings: [`${AGENTS} agents: ${(wall(peer.name) / wall(ours.name)).toFixed(2)}x over node-llama-cpp`],
    tables: [fleetTable(`${AGENTS} agents x ${CALLS} calls`, costs)],
    setup: {
      model: CI_MODEL,
      threads: threads || 'all physical cores',
      repetitions: `${runs}, by turns`,
      peer: `node-llama-cpp 3.22.1 with its binary of llama.cpp ${peer.release}, one context, a sequence an agent`,
    },
  };
}
