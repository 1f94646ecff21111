import { BanyanSystem } from '../testing/drive/banyan-system.js';
import { fleet } from '../testing/workloads/fleet.js';
import { CI } from '../testing/workloads/scale.js';
import { NodeLlamaCppSystem, peerPath } from './baseline/node-llama-cpp-system.js';
import { byTurns } from './by-turns.js';
import { COSTS, costOf, ratio, table } from './cost.js';
import type { BenchOptions, Report } from './report.js';
import { CI_MODEL, ciModel, setup } from './workloads/model.js';

const AGENTS = 8;

/** W2 on our engine and on node-llama-cpp, which batches its sequences and keeps each one's history. */
export async function benchPeer({ runs, threads }: BenchOptions): Promise<Report> {
  if (!peerPath()) throw new Error('the peer is not installed: npm install --prefix bench/baseline');
  const model = ciModel();
  const peer = await NodeLlamaCppSystem.open(model, AGENTS, 2048, threads);
  const systems = [await BanyanSystem.open('banyan', model, { threads }), peer];
  const plan = fleet(CI, 'fleet', { agents: AGENTS });
  const [ours, theirs] = await byTurns(systems, runs, (system) => costOf(system, plan));
  if (!ours || !theirs) throw new Error('two systems were measured');
  return {
    findings: [`${AGENTS} agents: ${ratio(ours, theirs, ({ wallMs }) => wallMs).toFixed(2)}x over node-llama-cpp`],
    tables: [table(`${AGENTS} agents x 11 calls`, COSTS, [ours, theirs])],
    setup: {
      ...setup(CI_MODEL, threads, runs),
      peer: `node-llama-cpp 3.22.1 with its binary of llama.cpp ${peer.release}, one context, a sequence an agent`,
    },
  };
}
