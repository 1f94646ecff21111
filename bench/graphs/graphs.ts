import { existsSync } from 'node:fs';
import { Engine } from '../../src/index.js';
import { cpuMsOf, startLlamaServer } from '../../testing/remote/llama-server.js';
import { median, spread, sum } from '../../testing/statistics.js';
import { byTurns } from '../by-turns.js';
import { describe, modelPath } from '../models.js';
import { builtServer } from '../peers/build-llama-server.js';
import { LlamaServerSystem } from '../peers/llama-server-system.js';
import { type BenchOptions, type Report, setup } from '../report.js';
import { type CallGraph, COMPARED, widthOf } from './definitions.js';
import { type Answer, byServer, byWorkflow } from './runners.js';

const MODEL = '25m-exact';
const KV_TOKENS = 32_768;

interface Ran {
  answers: Answer[];
  wallMs: number;
  cpuMs: number;
}

interface GraphSystem {
  readonly name: string;
  /** Runs the graph from a cold cache. */
  run(): Promise<Ran>;
  close(): Promise<void>;
}

/**
 * Graphs of calls through the agent layer, against a plain runner of the same graphs on llama-server: the same messages, model and
 * template, each answer compared, to the letter.
 */
export async function benchGraphs({ runs, threads: given }: BenchOptions): Promise<Report> {
  const threads = given || 2;
  const served = existsSync(builtServer());
  const findings = served ? [] : ['no comparison: `npm run bench -- build-peers`, or LLAMA_SERVER=<path>'];
  const tables: Report['tables'] = [];
  for (const graph of COMPARED) {
    const systems = [await ours(graph, threads), ...(served ? [theirs(graph, threads)] : [])];
    const measured = await byTurns(systems, runs, (system) => system.run());
    const [own, peer] = measured.map((system) => system.runs);
    if (own && peer) findings.push(compared(graph, own, peer));
    tables.push({
      title: graph.name,
      columns: ['system', 'makespan s', 'spread %', 'CPU s', 'prompt tokens', 'computed', 'output tokens'],
      rows: measured.map(({ name, runs: all }) => {
        const wall = all.map(({ wallMs }) => wallMs / 1_000);
        const of = (pick: (answer: Answer) => number) => median(all.map(({ answers }) => sum(answers.map(pick))));
        return [
          ...[name, median(wall), spread(wall), median(all.map(({ cpuMs }) => cpuMs / 1_000))],
          ...[of((one) => one.promptTokens), of((one) => one.computed), of((one) => one.output)],
        ];
      }),
    });
  }
  const flags = LlamaServerSystem.flags({ ...serverOptions(threads, 19), model: '...' }).join(' ');
  return {
    findings,
    tables,
    setup: {
      ...{ ...setup(describe(MODEL), threads, runs), 'KV tokens': `${KV_TOKENS}, F32` },
      'llama-server': `${flags} ${F32.join(' ')}; slots: as many as calls of the graph at a time`,
    },
  };
}

/** Keys and values as exact as the weights. */
const F32 = ['-ctk', 'f32', '-ctv', 'f32'];
const serverOptions = (threads: number, slots: number) => ({
  ...{ model: modelPath(MODEL), slots, context: KV_TOKENS, threads },
  ...{ unified: false, flash: false },
});

async function ours(graph: CallGraph, threads: number): Promise<GraphSystem> {
  const maxRunning = widthOf(graph);
  const options = { model: modelPath(MODEL), kvTokens: KV_TOKENS, kvType: 'f32', maxRunning, threads } as const;
  const engine = await Engine.load(options);
  return {
    name: 'banyan, Workflow',
    run: async () => {
      await engine.clearCache();
      return timed(() => byWorkflow(engine)(graph), cpuOfThis);
    },
    close: () => engine.close(),
  };
}

/** A process a run: a server has no other way to forget what its slots hold. */
function theirs(graph: CallGraph, threads: number): GraphSystem {
  return {
    name: 'llama-server, plain runner',
    run: async () => {
      const flags = LlamaServerSystem.flags(serverOptions(threads, widthOf(graph)));
      const { child, url } = await startLlamaServer(builtServer(), [...flags, ...F32]);
      try {
        return await timed(
          () => byServer(url)(graph),
          () => cpuMsOf(child.pid as number),
        );
      } finally {
        child.kill('SIGKILL');
      }
    },
    close: async () => {},
  };
}

function cpuOfThis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

async function timed(run: () => Promise<Answer[]>, cpu: () => number): Promise<Ran> {
  const [began, cpuBefore] = [performance.now(), cpu()];
  const answers = await run();
  return { answers, wallMs: performance.now() - began, cpuMs: cpu() - cpuBefore };
}

/** Ratios, and which answers differ: by themselves, with the same prompt, or because one that they read did. */
function compared({ name, target, calls }: CallGraph, own: readonly Ran[], peer: readonly Ran[]): string {
  const ratio = (pick: (run: Ran) => number) => median(peer.map(pick)) / median(own.map(pick));
  const [answers, others] = [own[0]?.answers ?? [], peer[0]?.answers ?? []];
  const differs = calls.map((_, index) => answers[index]?.text !== others[index]?.text);
  const read = calls.map(({ prompt, follows }) => [...prompt, follows].filter((part) => typeof part === 'number'));
  const byReading = differs.filter((different, index) => different && read[index]?.some((one) => differs[one]));
  const different = differs.filter((each) => each).length;
  const equal =
    different === 0 ? 'all equal' : `${different} differ, ${byReading.length} of them because they read one`;
  const distinct = new Set(answers.map(({ text }) => text)).size;
  const [wall, cpu] = [ratio(({ wallMs }) => wallMs), ratio(({ cpuMs }) => cpuMs)];
  const met = target === undefined ? '' : ` (target ${target}x: ${wall >= target ? 'met' : 'MISSED'})`;
  return (
    `${name}: ${wall.toFixed(2)}x sooner than the plain runner on llama-server${met}, ` +
    `${cpu.toFixed(2)}x less CPU time; ${calls.length} answers, ${distinct} of them distinct: ${equal}`
  );
}
