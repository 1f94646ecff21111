// Agents end to end through the addon on the device: the fleet of `npm start` on the embedded model against the same on
// the CPU, then the fleet workload against one request at a time without reuse.
//   agents.ts [--cpu] [--folder <for the workload's model>]     --cpu: small, on the CPU alone, to try the program itself
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFleet } from '../../examples/fleet/fleet.js';
import { addon } from '../../src/backend/addon.js';
import { Engine } from '../../src/engine/engine.js';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { SHAPE_06B, writeRandomModel } from '../../testing/models/random-model.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI, GPU } from '../../testing/workloads/scale.js';
import { costOf } from '../cost.js';

const AGENTS = 8;

const { values } = parseArgs({ options: { cpu: { type: 'boolean', default: false }, folder: { type: 'string' } } });
const gpuLayers = values.cpu ? 0 : 999;
let holds = true;

/** A line of run.sh's table. */
function verdict(what: string, value: number, limit: number, counts = true): void {
  const pass = value >= limit;
  holds &&= pass || !counts;
  console.log(`verdict | 5 | ${what} | ${value.toPrecision(4)} | >= ${limit} | ${pass ? 'pass' : 'FAIL'} |`);
}

/** The fleet of `npm start`: what each agent answered, and of all prompts the share that was read from the cache. */
async function answers(layers: number) {
  await using engine = await Engine.load({ gpuLayers: layers });
  const { agents, wallMs } = await runFleet(engine, {
    agents: AGENTS,
    maxTokens: 96,
    forceTools: 0,
    onEvent: () => {},
  });
  const sum = (pick: (usage: (typeof agents)[number]['result']['usage']) => number) =>
    agents.reduce((total, { result }) => total + pick(result.usage), 0);
  return {
    texts: agents.map(({ result }) => result.text),
    done: agents.filter(({ result }) => result.stopReason === 'answer').length,
    cached: sum((usage) => usage.cachedTokens ?? 0) / sum((usage) => usage.promptTokens),
    kernel: `${engine.info.kernel} on ${engine.info.backend}`,
    wallMs,
  };
}

async function embeddedModel(): Promise<void> {
  const expected = await answers(0);
  const got = await answers(gpuLayers);
  const same = got.texts.filter((text, agent) => text === expected.texts[agent]).length;
  console.log(`\n## ${AGENTS} agents with tools through the addon (${addon().backend})\n`);
  console.log(`| kernel | s | cached |\n|---|---|---|`);
  for (const { kernel, wallMs, cached } of [got, expected]) {
    console.log(`| ${kernel} | ${(wallMs / 1000).toFixed(2)} | ${(100 * cached).toFixed(0)}% |`);
  }
  for (const [agent, text] of got.texts.entries()) {
    if (text !== expected.texts[agent])
      console.log(`\nagent ${agent + 1}: "${text}", on the CPU "${expected.texts[agent]}"`);
  }
  verdict('agents that ended with an answer', got.done, AGENTS);
  verdict('answers as on the CPU (ties may differ)', same, AGENTS - 2);
  verdict('share of prompt tokens from the cache', got.cached, 0.8);
  if (!values.cpu) verdict('layers on the device', got.kernel.startsWith('cuda') ? 1 : 0, 1);
}

/** The workload's plan, cold, on both systems in turn; a second run of ours counts, the first captures graphs. */
async function workload(folder: string): Promise<void> {
  const [scale, calls, kvTokens] = values.cpu ? [CI, 2, 16_384] : [GPU, 3, 131_072];
  const model = join(folder, 'fleet.gguf');
  // Qwen3-0.6B's width; half of its layers, a fifth of its vocabulary.
  writeRandomModel(model, { ...SHAPE_06B, ...(values.cpu ? { layers: 1 } : { layers: 14, vocabulary: 32_000 }) });
  const plan = fleet(scale, 'fleet', { agents: AGENTS, calls });
  const size = { gpuLayers, kvTokens, maxBatchTokens: 2048 };
  const seconds: number[] = [];
  for (const open of [BanyanSystem.open.bind(undefined, 'banyan'), BanyanSystem.naive]) {
    const system = await open(model, size);
    if (seconds.length === 0) await costOf(system, plan);
    const cost = await costOf(system, plan);
    await system.close();
    seconds.push(cost.wallMs / 1000);
    console.log(
      `\n${system.name}: ${seconds.at(-1)?.toFixed(2)} s, ${cost.prefilledTokens} of ${cost.promptTokens} prompt tokens`,
    );
  }
  const [ours = 0, naive = 0] = seconds;
  const what = `fleet of ${AGENTS} agents, ${calls} calls each: one at a time without reuse / ours`;
  verdict(what, naive / ours, 2, false); // run.sh judges speed, and on the CPU it does not
}

await embeddedModel();
if (values.folder) await workload(values.folder);
process.exitCode = holds ? 0 : 2;
