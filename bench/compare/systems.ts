import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complete } from '../../src/kit/complete-options.js';
import { CACHE } from '../../src/native/load-options.js';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import type { System } from '../../testing/drive/system.js';
import { FCFS_LRU } from '../../testing/simulator/systems.js';
import { openBanyanServer } from '../peers/banyan-server-system.js';
import { builtBench, builtServer } from '../peers/build-llama-server.js';
import { LlamaBenchSystem } from '../peers/llama-bench-system.js';
import { type LlamaServerOptions, LlamaServerSystem } from '../peers/llama-server-system.js';
import { NodeLlamaCppSystem, peerPath } from '../peers/node-llama-cpp-system.js';
import { OpenAiSystem } from '../peers/openai-system.js';
import { STREAMS } from './cases.js';

/** What systems are given alike. */
export interface Setting {
  /** Path of the model. */
  model: string;
  /** 0: one a physical core. */
  threads: number;
  /** Tokens of KV in all. */
  kvTokens: number;
  /** Calls at a time. */
  slots: number;
  /** Tokens of the longest call, answer included. */
  longest: number;
}

/** A kind of system that can be measured. */
export interface Kind {
  what: string;
  /** The only cases that it can be asked; undefined: all. */
  only?: (name: string) => boolean;
  /** The only ones that it is asked where no systems are named; undefined: all. */
  usually?: (name: string) => boolean;
  /** Why it cannot run here, and what to do about it; undefined: it can. */
  missing(): string | undefined;
  /** The flags or options that its own users would choose, for the report. */
  flags(setting: Setting): string;
  open(setting: Setting): Promise<System>;
}

const ours = ({ threads, kvTokens, slots }: Setting) => ({ threads, kvTokens, maxRunning: slots });

function banyan(name: string, what: string, changes: Parameters<typeof BanyanSystem.open>[2] = {}): Kind {
  return {
    what,
    missing: () => undefined,
    flags: (setting) => JSON.stringify({ ...ours(setting), ...changes }),
    open: (setting) => BanyanSystem.open(name, setting.model, { ...ours(setting), ...changes }),
  };
}

/** In a directory of its own, gone with the process that measures. */
const banyanDisk: Kind = {
  what: 'Banyan in process, with a disk cache',
  missing: () => undefined,
  flags: (setting) => JSON.stringify({ ...ours(setting), cache: '10 GiB' }),
  open: (setting) => {
    const dir = mkdtempSync(join(tmpdir(), 'bench-disk-'));
    process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
    const cache = { ...complete(CACHE, {}), dir };
    return BanyanSystem.open('banyan-disk', setting.model, { ...ours(setting), cache });
  },
};

/** Calls of the same memory that a system can hold which gives each an equal part of it; with more, they wait. */
const parts = ({ slots, kvTokens, longest }: Setting) => Math.max(1, Math.min(slots, Math.floor(kvTokens / longest)));

type Shape = Pick<LlamaServerOptions, 'unified' | 'flash' | 'cacheMib'>;

const llamaServer = (what: string, shape: Shape): Kind => ({
  what: `llama-server of the same llama.cpp source, ${what}`,
  missing: () =>
    existsSync(builtServer()) ? undefined : 'no llama-server: `npm run bench -- build-peers`, or LLAMA_SERVER=<path>',
  flags: (setting) => LlamaServerSystem.flags({ ...serverFlags(setting, shape), model: '...' }).join(' '),
  open: (setting) => LlamaServerSystem.open({ ...serverFlags(setting, shape), binary: builtServer() }),
});

const serverFlags = (setting: Setting, shape: Shape) => ({
  model: setting.model,
  slots: shape.unified ? setting.slots : parts(setting),
  context: setting.kvTokens,
  threads: setting.threads || 2,
  ...shape,
});

const benchFlags = ({ model, threads }: Setting) => ({ model, threads: threads || 2 });

const llamaBench: Kind = {
  what: 'llama-bench of the same llama.cpp source: the model alone, one stream',
  only: (name) => STREAMS.test(name),
  missing: () =>
    existsSync(builtBench()) ? undefined : 'no llama-bench beside llama-server: `npm run bench -- build-peers`',
  flags: (setting) => LlamaBenchSystem.flags({ ...benchFlags(setting), model: '...' }).join(' '),
  open: async (setting) => new LlamaBenchSystem({ ...benchFlags(setting), binary: builtBench() }),
};

const sequences = (setting: Setting) => ({
  sequences: parts(setting),
  contextTokens: setting.longest,
  threads: setting.threads,
});

const nodeLlamaCpp: Kind = {
  what: 'node-llama-cpp 3.22.1 with its own binary',
  missing: () => (peerPath() ? undefined : 'not installed: `npm install --prefix bench/peers`'),
  flags: (setting) => JSON.stringify(sequences(setting)),
  open: (setting) => NodeLlamaCppSystem.open({ model: setting.model, ...sequences(setting) }),
};

const banyanServe: Kind = {
  what: "Banyan's server, by OpenAI completions over HTTP",
  missing: () => undefined,
  flags: (setting) => JSON.stringify(ours(setting)),
  open: (setting) => openBanyanServer({ model: setting.model, ...ours(setting) }),
};

const KINDS: Record<string, Kind> = {
  banyan: banyan('banyan', 'Banyan in process'),
  'banyan-serve': banyanServe,
  'cache-off': banyan('cache-off', 'Banyan without a prefix cache', { prefixCache: false }),
  'fcfs-lru': banyan('fcfs-lru', 'Banyan, first come first served, least recently used', { policy: FCFS_LRU.policy }),
  'banyan-disk': banyanDisk,
  naive: {
    ...banyan('naive', 'Banyan with one request at a time and no cache', { prefixCache: false, batching: false }),
    // Elsewhere it takes minutes to say the same again.
    usually: (name) => !/^(W2-(16|32|tight)|W3-search|W4-(parallel|19-).*|W5-[24]x|W6|W7-.*)$/.test(name),
  },
  'llama-server': llamaServer('an equal part of memory a slot', { unified: false, flash: false }),
  'llama-server-slots': {
    ...llamaServer('an equal part of memory a slot, and no other', { unified: false, flash: false, cacheMib: 0 }),
    // Where contexts are beyond memory: as much of it as ours has.
    usually: (name) => /^W5-[24]x$/.test(name),
  },
  'llama-server-unified': {
    ...llamaServer('one buffer for all slots', { unified: true, flash: false }),
    // Where equal parts are too small. Elsewhere it takes about twice their time, or has no room, so its users would not choose it.
    usually: (name) => /^(W2-tight|W5-(0|2)|W7-)/.test(name),
  },
  'llama-server-flash': llamaServer('one buffer, fused attention', { unified: true, flash: true }),
  'node-llama-cpp': {
    ...nodeLlamaCpp,
    // Elsewhere it takes minutes, or is cut, to say the same again.
    usually: (name) => !/^(W2-(32|tight)|W4-(parallel|19-).*|W5-.*|W7-.*|R2-gemma3)$/.test(name),
  },
  'llama-bench': llamaBench,
};

/** Those of a run that names none, each where it is usual. */
export const DEFAULT_SYSTEMS = [
  'banyan',
  'banyan-serve',
  'naive',
  'fcfs-lru',
  'llama-server',
  'llama-server-slots',
  'llama-server-unified',
  'node-llama-cpp',
  'llama-bench',
];

/**
 * A kind by its name: one of the table, `fcfs-lru:4` with at most 4 calls at a time, or `name=http://.../v1`, an
 * OpenAI-compatible server that its owner has started; BENCH_API_KEY is its key. Throws RangeError.
 */
export function kindNamed(name: string): Kind {
  const [address, url] = name.split(/=(.*)/);
  if (address && url) return server(address, url);
  const [kind, most] = name.split(':');
  const found = Object.hasOwn(KINDS, kind ?? '') ? KINDS[kind as string] : undefined;
  if (!found || (most !== undefined && !/^[1-9]\d*$/.test(most))) {
    throw new RangeError(`no system ${name}; there are ${Object.keys(KINDS).join(', ')}, and name=http://.../v1`);
  }
  if (most === undefined) return found;
  const capped = (setting: Setting) => ({ ...setting, slots: Number(most) });
  return {
    ...found,
    flags: (setting) => found.flags(capped(setting)),
    open: (setting) => found.open(capped(setting)),
  };
}

/** What a report calls it: without an address. */
export const shortName = (name: string): string => name.split('=')[0] as string;

function server(name: string, url: string): Kind {
  return {
    what: 'a server of OpenAI completions, started by its owner',
    missing: () => undefined,
    flags: () => url,
    open: () => OpenAiSystem.open({ name, url, apiKey: process.env.BENCH_API_KEY }),
  };
}
