import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addon } from '../../src/backend/addon.js';
import type { Backend, BackendRequest } from '../../src/backend/backend.js';
import { Engine } from '../../src/engine/engine.js';
import { connectBackend } from '../../src/remote/connect-backend.js';
import { serveTokens } from '../../src/server/tokens/serve-tokens.js';
import { randomModel } from '../models/random-model.js';
import { fakeLlamaServer } from '../remote/fake-llama-server.js';
import { RAMBLING_MODEL } from './random-engine.js';
import { ScriptedEngine } from './scripted-engine.js';
import { engineOptions, greedy } from './test-engine.js';

/** An implementation of Backend, opened anew for each test. Its requests go on until `maxTokens`. */
export interface Implementation {
  name: string;
  open(revealMisses?: boolean): Promise<Backend>;
  /** It sees nothing of the cache of what computes. */
  far?: boolean;
  /** It gets no logprobs of a prompt. */
  unscored?: boolean;
}

/** A millisecond a prompt token, as far as the engine believes: refusals do not depend on the machine. */
const BELIEFS = { cost: { step: 1e6, prefill: 1e9, decode: 1e6 }, refit: false };

const native: Implementation = {
  name: 'the native engine',
  open: (revealMisses = false) => {
    const options = engineOptions(randomModel(RAMBLING_MODEL), { policy: BELIEFS });
    return addon().load(options, revealMisses, {
      onProgress: () => {},
      abortFlag: new Int32Array(new SharedArrayBuffer(4)),
    });
  },
};

/** Tokens of prompts with which the server elsewhere is busy. */
const MOST_PROMPTS = 500;

const REFUSAL = { code: 'BACKPRESSURE', message: 'too much is waiting', retryAfterMs: 9 };

const scripted: Implementation = {
  name: 'the scripted engine',
  open: async (revealMisses = false) =>
    new ScriptedEngine(
      (_, { maxTokens, ttftLimitMs }) =>
        ttftLimitMs > 0 ? { steps: [], error: REFUSAL } : { steps: Array(maxTokens).fill('x'), end: 'length' },
      revealMisses,
    ),
};

const remote: Implementation = {
  name: 'an engine elsewhere',
  far: true,
  unscored: true,
  open: async () => {
    const server = await fakeLlamaServer(MOST_PROMPTS);
    const backend = await connectBackend({ url: server.url });
    const close = backend.close.bind(backend);
    let closing: Promise<void> | undefined;
    backend.close = () => {
      closing ??= close().finally(() => server.close());
      return closing;
    };
    return backend;
  },
};

const worker: Implementation = {
  name: 'a worker on a socket',
  far: true,
  open: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'banyan-worker-'));
    const own = await native.open();
    const engine = new Engine(own);
    const server = await serveTokens(own, engine, join(folder, 'socket'), { drainMs: 0 });
    const backend = await connectBackend({ url: server.url, model: randomModel(RAMBLING_MODEL) });
    const close = backend.close.bind(backend);
    let closing: Promise<void> | undefined;
    backend.close = () => {
      closing ??= close()
        .then(() => server.close())
        .then(() => engine.close())
        .finally(() => rmSync(folder, { recursive: true }));
      return closing;
    };
    return backend;
  },
};

/** All that there are. */
export const IMPLEMENTATIONS: readonly Implementation[] = [native, scripted, remote, worker];

/** A request for `maxTokens` tokens, the likeliest ones. */
export function backendRequest(
  prompt: Int32Array,
  maxTokens: number,
  changes: Partial<BackendRequest> = {},
): BackendRequest {
  return {
    ...{
      prompt,
      maxTokens,
      thinkingTokens: -1,
      promptLogprobs: -1,
      draftTokens: true,
      jumpForward: 'verify',
      durable: false,
      class: 'workflow',
      program: 0,
      salt: '',
      deadlineMs: 0,
      tenantWeight: 1,
      ttftLimitMs: 0,
    },
    ...{
      group: 0,
      groupSize: 0,
      staticTokens: 0,
      boundary: 0,
      begun: 0,
      cache: true,
      sampling: greedy,
      stop: [],
      logitBias: [],
      ignoreEos: true,
      progress: false,
      label: '',
    },
    ...{ grammar: null, chat: null },
    ...changes,
  };
}
