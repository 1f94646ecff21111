import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { Engine } from '../../src/engine/engine.js';
import type { Generation } from '../../src/engine/generation.js';
import type { WorkerReport } from '../../src/workers/supervised.js';
import { Workers } from '../../src/workers/workers.js';
import type { WorkersOptions } from '../../src/workers/workers-options.js';
import { drive } from '../../testing/drive/drive.js';
import { EngineSystem } from '../../testing/drive/engine-system.js';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { hostileModel } from '../../testing/models/hostile-model.js';
import { randomModel } from '../../testing/models/random-model.js';
import { oneWorker } from '../../testing/remote/one-worker.js';
import { newTokens } from '../../testing/simulator/ideal.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';

// Workers as processes: they are killed, drained, never start, and lose their parent. Tokens are counted, not milliseconds.

const attention = process.env.BANYAN_ATTENTION;
beforeAll(() => {
  process.env.BANYAN_ATTENTION = 'portable'; // with F32 pages: the same tokens to the last one; workers inherit it
});
afterAll(() => {
  if (attention === undefined) delete process.env.BANYAN_ATTENTION;
  else process.env.BANYAN_ATTENTION = attention;
});

const SMALL = { threads: 1, kvTokens: 16_384, kvType: 'f32' as const };
const rambling = { ...SMALL, model: randomModel({ ...RAMBLING_MODEL, vocabulary: 4096 }) };

/** Two workers of which one is killed after every so many tokens, once both are there again. */
class Killer {
  readonly #workers: Workers;
  readonly #every: number;
  #left: number;
  kills = 0;

  constructor(workers: Workers, every: number) {
    this.#workers = workers;
    this.#every = every;
    this.#left = every;
  }

  /** One more token came. */
  readonly heard = (): void => {
    if (--this.#left > 0 || !this.#bothReady()) return;
    this.#left = this.#every;
    const { pid } = this.#workers.report()[this.kills++ % 2] ?? {};
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };

  /** Resolves when both are there. */
  readonly both = async (): Promise<void> => {
    while (!this.#bothReady()) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  #bothReady(): boolean {
    return this.#workers.report().every(({ state }) => state === 'ready');
  }
}

test('kill -9 of one of two, again and again, under W2: all calls end, token for token as on one engine', {
  timeout: 240_000,
}, async () => {
  const workload = fleet(CI, 'killed', { agents: 6, calls: 5 });
  await using whole = await Engine.load(rambling);
  const calm = new EngineSystem('one engine', whole);
  await drive(calm, workload);

  await using workers = await Workers.start({ ...rambling, count: 2, restartMs: 0, mostEnds: 1_000 });
  const killer = new Killer(workers, 40);
  const system = new EngineSystem('two workers', workers.engine, killer.heard, killer.both);
  await drive(system, workload);
  expect(killer.kills).toBeGreaterThanOrEqual(3);
  expect(workers.report().reduce((sum, { restarts }) => sum + restarts, 0)).toBeGreaterThanOrEqual(2);
  expect(system.answers.size).toBe(workload.calls.length);
  expect([...system.answers.keys()].sort()).toEqual([...calm.answers.keys()].sort());
  for (const [prompt, answer] of calm.answers) expect(system.answers.get(prompt)).toEqual(answer);
});

test('agents whose workers are killed call each tool once, and say what they would have said', {
  timeout: 240_000,
}, async () => {
  await using workers = await Workers.start({ ...SMALL, count: 2, restartMs: 0, mostEnds: 1_000 });
  const killer = new Killer(workers, 25);
  const called: string[] = [];
  const run = async (agent: number) => {
    const weather = defineTool({
      name: 'get_weather',
      description: 'Current weather of a city',
      input: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        called.push(`${agent} ${city}`);
        await killer.both();
        return { city, celsius: city === 'Oslo' ? 7 : 11, sky: 'light rain' };
      },
    });
    const one = new Agent({
      engine: workers.engine,
      system: 'Answer in one sentence.',
      tools: [weather],
      temperature: 0,
    });
    let streamed = '';
    const going = one.run('What is the weather in Oslo? And in Bergen?');
    for await (const event of going) {
      if (event.type === 'text') streamed += event.text;
      if (event.type === 'text' || event.type === 'tool-call') killer.heard();
    }
    const { text } = await going;
    expect(streamed.endsWith(text)).toBe(true);
    return text;
  };
  const texts: string[] = [];
  for (let round = 0; round < 3; round++) {
    await killer.both();
    texts.push(...(await Promise.all([0, 1, 2, 3].map((agent) => run(4 * round + agent)))));
  }
  expect(killer.kills).toBeGreaterThanOrEqual(2);
  expect(new Set(texts)).toEqual(
    new Set(['It is 7 degrees in Oslo, light rain. It is 11 degrees in Bergen, light rain.']),
  );
  const agents = Array.from({ length: 12 }, (_, agent) => agent);
  expect(called.sort()).toEqual(agents.flatMap((agent) => [`${agent} Bergen`, `${agent} Oslo`]).sort());
});

/** All workers are killed, and it is known. */
async function killAll(workers: Workers): Promise<void> {
  for (const { pid } of workers.report()) process.kill(pid ?? 0, 'SIGKILL');
  while (workers.report().some(({ state }) => state === 'ready')) await new Promise((resolve) => setImmediate(resolve));
}

test('both are gone: a request waits for the first that is back', async () => {
  await using workers = await Workers.start({ ...rambling, count: 2, restartMs: 0 });
  await killAll(workers);
  expect((await workers.engine.generate('a', { maxTokens: 3 })).tokens).toHaveLength(3);
});

test('none will be back for long: who waits can leave, who has a limit is told, and the close ends the rest', async () => {
  const workers = await Workers.start({ ...rambling, count: 2, restartMs: 60_000 });
  await killAll(workers);
  const left = new AbortController();
  const gone = workers.engine.generate('a', { signal: left.signal });
  const waits = workers.engine.generate('a').result.catch((reason) => reason);
  await expect(workers.engine.generate('a', { ttftLimitMs: 5 })).rejects.toMatchObject({ code: 'BACKPRESSURE' });
  left.abort();
  await expect(gone).rejects.toMatchObject({ code: 'ABORTED' });
  await workers.close();
  expect(await waits).toMatchObject({ code: 'CLOSED' });
  expect(workers.report().map(({ state }) => state)).toEqual(['closed', 'closed']);
});

/** Resolves when its first token came. */
const begun = (generation: Generation) =>
  new Promise<void>((resolve) => {
    generation.subscribe({ event: ({ type }) => void (type === 'tokens' && resolve()), end: () => resolve() });
  });

test('SIGTERM: what is under way there ends by itself, what is new goes elsewhere, and it comes back', async () => {
  await using workers = await Workers.start({ ...rambling, count: 2, restartMs: 0 });
  const { engine } = workers;
  const options = { maxTokens: 300, temperature: 0 };
  const asked = Array.from({ length: 4 }, (_, at) =>
    engine.generate(`Agent ${at}`, { ...options, program: engine.program() }),
  );
  await Promise.all(asked.map(begun));
  const [first] = workers.report();
  process.kill(first?.pid ?? 0, 'SIGTERM');
  while (workers.report()[0]?.state === 'ready') await new Promise((resolve) => setImmediate(resolve));
  const before = engine.servers()[0]?.sent;
  const later = engine.generate('one more', { maxTokens: 3 });
  expect((await later).tokens).toHaveLength(3);
  expect(engine.servers()[0]?.sent).toBe(before);
  for (const { finishReason } of await Promise.all(asked)) expect(finishReason).toBe('length');
  expect(engine.servers().map(({ failed }) => failed)).toEqual([0, 0]);
  while (workers.report()[0]?.state !== 'ready') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(workers.report()[0]).toMatchObject({ restarts: 1, lastEnd: 'ended with 0' });
});

test('with a disk cache a worker comes back warm: after SIGTERM, and after kill -9', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'banyan-kept-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  await using workers = await Workers.start({ ...rambling, cache: { dir }, restartMs: 0 });
  const prompt = Array.from({ length: 640 }, (_, at) => 100 + ((at * 7) % 300));
  const ask = async () => (await workers.engine.generate(prompt, { maxTokens: 1, durable: true })).usage.hits.disk;
  const restart = async (signal: NodeJS.Signals) => {
    const { pid, restarts } = workers.report()[0] as WorkerReport;
    process.kill(pid ?? 0, signal);
    while (workers.report()[0]?.restarts === restarts) await new Promise((resolve) => setImmediate(resolve));
  };
  expect(await ask()).toBe(0);
  await restart('SIGTERM');
  expect(await ask()).toBeGreaterThanOrEqual(576);
  await restart('SIGKILL');
  expect(await ask()).toBeGreaterThanOrEqual(576);
});

describe('workers that do not start', () => {
  test.each<[string, WorkersOptions, string]>([
    ['a file that is damaged', { count: 2, model: hostileModel('truncated-data') }, 'MODEL_INVALID'],
    ['a file that is not there', { model: '/none.gguf' }, 'MODEL_NOT_FOUND'],
    ['an option out of range', { count: 2, threads: -1 }, 'INVALID_OPTION'],
    ['an option that is none', { workers: 2 } as WorkersOptions, 'INVALID_OPTION'],
    ['devices for other workers', { count: 2, devices: ['0'] }, 'INVALID_OPTION'],
    ['CPUs that are none', { cpus: ['-c 0; true'] }, 'INVALID_OPTION'],
    ['CPUs that are not there', { cpus: ['9999'] }, process.platform === 'linux' ? 'REMOTE_FAILED' : 'INVALID_OPTION'],
  ])('%s', async (_name, options, code) => {
    await expect(Workers.start(options)).rejects.toMatchObject({ name: 'BanyanError', code });
  });

  test('an abort while they load', async () => {
    const stop = new AbortController();
    const starting = Workers.start({ ...rambling, count: 2, signal: stop.signal });
    stop.abort();
    await expect(starting).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('one that ends again and again is given up; when none is left, requests say so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'banyan-model-'));
    const model = join(folder, 'model.gguf');
    copyFileSync(rambling.model, model);
    await using workers = await Workers.start({ ...rambling, model, restartMs: 0, mostEnds: 3 });
    rmSync(folder, { recursive: true }); // it cannot be loaded again
    process.kill(workers.report()[0]?.pid ?? 0, 'SIGKILL');
    await expect(workers.engine.generate('a')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(workers.report()[0]).toMatchObject({ state: 'failed', restarts: 2, pid: undefined });
    await expect(workers.engine.generate('a')).rejects.toThrow(/3 times in a row/);
  });
});

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test.each(['waits', 'exits', 'ends'])(
  'no worker outlives its parent: one that is killed, exits, or has nothing more to do (%s)',
  async (how) => {
    const script = fileURLToPath(new URL('./children/parent.ts', import.meta.url));
    const parent = spawn(process.execPath, ['--import', 'tsx', script, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(parent, 'exit');
    let said = '';
    for await (const piece of parent.stdout.setEncoding('utf8')) {
      said += piece;
      if (said.includes('\n')) break;
    }
    const { pids, url } = JSON.parse(said) as { pids: number[]; url: string };
    if (how === 'waits') parent.kill('SIGKILL');
    await exited;
    while (pids.some(alive)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(existsSync(dirname(url.slice('unix:'.length)))).toBe(false);
  },
);

test('ids on the wire are those of the session, turn by turn; what is cached is what can be', async () => {
  await using one = await oneWorker(SMALL);
  const session = one.remote.session({ system: 'Answer in one sentence.' });
  let [cached, ideal] = [0, 0];
  for (let turn = 0; turn < 6; turn++) {
    const before = session.tokens.length;
    const { usage } = await session.generate(`And number ${turn}?`, { temperature: 0, maxTokens: 24 });
    const prompt = one.prompts.at(-1) ?? [];
    expect(prompt.length).toBeGreaterThan(before);
    expect(prompt).toEqual([...session.tokens.slice(0, prompt.length)]);
    if (turn > 0) ideal += before;
    if (turn > 0) cached += usage.cachedTokens ?? 0;
  }
  expect(one.prompts).toHaveLength(6);
  expect(cached / ideal).toBeGreaterThanOrEqual(0.95);
});

test('W2 through a socket finds at least 95% of what endless memory would', async () => {
  await using one = await oneWorker({ ...rambling, pageTokens: 16 });
  const workload = fleet(CI, 'cached', { agents: 6, calls: 6 });
  const { promptTokens, cachedTokens } = await drive(new EngineSystem('one worker', one.remote), workload);
  const sum = (column: Int32Array) => column.reduce((total, one) => total + one, 0);
  expect(sum(cachedTokens) / (sum(promptTokens) - newTokens(workload))).toBeGreaterThanOrEqual(0.95);
});
