import { fileURLToPath } from 'node:url';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { startLlamaServer } from '../../testing/remote/llama-server.js';
import {
  chatReplay,
  messagesReplay,
  REPLAY_TURNS,
  type ReplayCounts,
  type ReplayFace,
  replay,
  responsesReplay,
} from '../../testing/workloads/coding-agent.js';
import { byTurns } from '../by-turns.js';
import { LlamaServerSystem } from '../peers/llama-server-system.js';
import type { BenchOptions, Cell, Report } from '../report.js';

const CONTEXT = 8_192;
const FACES: [name: string, make: () => ReplayFace][] = [
  ['/v1/messages', messagesReplay],
  ['/v1/chat/completions', chatReplay],
  ['/v1/responses', responsesReplay],
];

interface Replayed {
  counts: ReplayCounts[];
  ms: number;
  /** Why it ended early, in the server's words. */
  refused?: string;
}

interface ReplaySystem {
  name: string;
  url: string;
  /** A server that has computed nothing yet. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Twenty turns of a coding agent on three APIs, against the llama-server that LLAMA_SERVER names. BENCH_MODEL: a chat model with
 * tools; default: the embedded one. BENCH_TURNS: fewer turns, for a quick look; llama-server reads each prompt of the first route whole.
 */
export async function benchReplay({ runs, threads: given }: BenchOptions): Promise<Report> {
  const threads = given || 2;
  const { LLAMA_SERVER: binary, BENCH_MODEL: named } = process.env;
  const turns = Number(process.env.BENCH_TURNS ?? REPLAY_TURNS);
  const rows: Cell[][] = [];
  const findings = binary ? [] : ['no comparison: LLAMA_SERVER names no program'];
  for (const [face, make] of FACES) {
    const systems = [await ours(named, threads), ...(binary ? [await theirs(binary, named, threads)] : [])];
    const measured = await byTurns(systems, runs, async (system) => {
      await system.renew();
      return replayed(system.url, make(), turns, (turn) => told(`${face}, ${system.name}`, turn));
    });
    for (const { name, runs: results } of measured) {
      const [first] = results;
      if (!first) continue;
      rows.push([face, name, ...shown(first), Math.min(...results.map(({ ms }) => ms / 1_000)).toFixed(1)]);
      findings.push(`${face}, ${name}: ${percent(first)} of the tokens from turn 2 on were read from the cache`);
    }
  }
  return {
    findings,
    tables: [
      {
        title: `${turns} turns: rotating billing header, 30 tools, cache marks, system messages in the midst`,
        columns: ['route', 'server', 'turns', 'prompt tokens', 'read', 'computed', 'read from turn 2', 'seconds'],
        rows,
      },
    ],
    setup: { model: named?.split('/').at(-1) ?? 'embedded', context: CONTEXT, threads, repetitions: runs },
  };
}

async function ours(model: string | undefined, threads: number): Promise<ReplaySystem> {
  const engine = await Engine.load({ model, threads, kvTokens: 2 * CONTEXT, maxContext: CONTEXT });
  const server = await serve(engine, { port: 0 });
  return {
    ...{ name: 'banyan', url: server.url },
    renew: async () => {
      await engine.clearCache();
    },
    close: async () => {
      await server.close();
      await engine.close();
    },
  };
}

async function theirs(binary: string, named: string | undefined, threads: number): Promise<ReplaySystem> {
  const model = named ?? fileURLToPath(new URL('../../models/banyan-tiny.gguf', import.meta.url));
  const flags = LlamaServerSystem.flags({
    ...{ model, slots: 2, context: 2 * CONTEXT, threads },
    ...{ unified: false, flash: false },
  });
  let { child, url } = await startLlamaServer(binary, flags);
  const system: ReplaySystem = {
    ...{ name: 'llama-server', url },
    renew: async () => {
      child.kill('SIGKILL');
      ({ child, url } = await startLlamaServer(binary, flags));
      system.url = url;
    },
    close: async () => {
      child.kill('SIGKILL');
    },
  };
  return system;
}

/** A turn of llama-server takes seconds: who waits sees that it goes on. */
function told(where: string, { turn, prompt, read, ms }: Turn): void {
  process.stderr.write(`${where}: turn ${turn}, ${read} of ${prompt} tokens read, ${(ms / 1_000).toFixed(1)} s\n`);
}

interface Turn extends ReplayCounts {
  turn: number;
  /** Since the first one began. */
  ms: number;
}

async function replayed(url: string, face: ReplayFace, turns: number, tell: (turn: Turn) => void): Promise<Replayed> {
  const counts: ReplayCounts[] = [];
  const began = performance.now();
  try {
    for await (const count of replay(url, face, turns)) {
      counts.push(count);
      tell({ ...count, turn: counts.length, ms: performance.now() - began });
    }
  } catch (reason) {
    return { counts, ms: performance.now() - began, refused: (reason as Error).message };
  }
  return { counts, ms: performance.now() - began };
}

function shown({ counts, refused }: Replayed): Cell[] {
  const sum = (of: 'prompt' | 'read') => counts.reduce((total, count) => total + count[of], 0);
  const turns = refused === undefined ? counts.length : `${counts.length}, then ${refused.slice(0, 120)}`;
  return [turns, sum('prompt'), sum('read'), sum('prompt') - sum('read'), percent({ counts, ms: 0 })];
}

function percent({ counts }: Replayed): string {
  const later = counts.slice(1);
  const [read, prompt] = [
    later.reduce((sum, count) => sum + count.read, 0),
    later.reduce((sum, count) => sum + count.prompt, 0),
  ];
  return prompt === 0 ? '-' : `${((100 * read) / prompt).toFixed(1)}%`;
}
