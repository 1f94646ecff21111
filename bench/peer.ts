import { NodeLlamaCppSystem, peerPath } from './baseline/node-llama-cpp-system.js';
import type { Report } from './report.js';
import { median, spread } from './statistics.js';
import { BanyanSystem } from './systems/banyan-system.js';
import { type FleetCost, runAgents } from './workloads/agents.js';
import { CALLS, fleet } from './workloads/fleet.js';
import { CI_MODEL, ciModel } from './workloads/model.js';

const AGENTS = 8;

/** W2 on our engine and on node-llama-cpp, which batches its sequences and keeps each one's history. */
export async function benchPeer(runs: number): Promise<Report> {
  if (!peerPath()) throw new Error('the peer is not installed: npm install --prefix bench/baseline');
  const agents = fleet(AGENTS);
  const model = ciModel();
  const ours = await BanyanSystem.open('banyan', model);
  const peer = await NodeLlamaCppSystem.open(model, AGENTS, 2048);
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
    tables: [
      {
        title: `${AGENTS} agents x ${CALLS} calls`,
        columns: ['system', 'wall s', 'spread %', 'prompt tokens', 'prefilled', 'output', 'TTFT p50 ms', 'p95 ms'],
        rows: Object.entries(costs).map(([name, list]) => [
          name,
          wall(name) / 1000,
          spread(list.map(({ wallMs }) => wallMs)),
          (list[0] as FleetCost).promptTokens,
          (list[0] as FleetCost).prefilledTokens,
          (list[0] as FleetCost).outputTokens,
          median(list.map(({ ttftP50 }) => ttftP50)),
          median(list.map(({ ttftP95 }) => ttftP95)),
        ]),
      },
    ],
    setup: {
      model: CI_MODEL,
      repetitions: `${runs}, by turns`,
      peer: `node-llama-cpp 3.22.1 with its binary of llama.cpp ${peer.release}, one context, a sequence an agent`,
    },
  };
}
