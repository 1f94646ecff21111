import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { GenerationEvent, Usage } from '../../src/engine/generation.js';
import type { Program } from '../../src/engine/program.js';
import { metrics } from '../../src/metrics/metrics.js';
import { CLASSES } from '../../src/native/vocabulary.js';
import { serve } from '../../src/server/serve.js';
import { drive } from '../../testing/drive/drive.js';
import type { CallCost, CallOptions, System } from '../../testing/drive/system.js';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { mixed } from '../../testing/workloads/mixed.js';
import { CI } from '../../testing/workloads/scale.js';
import { readMetrics, type Sample, sumOf } from '../support/prometheus-text.js';

// Agents that share their beginnings (W2), then people, agents and background work at once, cut off in the midst of it (W6).

/** Tokens that a random model has. */
const ordinary = (prompt: readonly number[]) => Int32Array.from(prompt, (token) => 100 + (token % 300));

/** The engine as those use it who have it in their process; usage of each request as the caller gets it. */
class WatchedSystem implements System {
  readonly name = 'engine';
  readonly used: (Usage & CallOptions)[] = [];
  /** Prompts that were admitted, and what of them was cached, as the engine told it. */
  readonly admitted = { promptTokens: 0, cachedTokens: 0 };
  readonly #engine: Engine;
  readonly #programs = new Map<number, Program>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  start(
    prompt: readonly number[],
    outputTokens: number,
    program: number,
    { class: asked = 'workflow', salt = '' }: CallOptions = {},
  ) {
    const controller = new AbortController();
    const own = this.#programs.get(program) ?? this.#engine.program();
    this.#programs.set(program, own);
    const generation = this.#engine.generate(ordinary(prompt), {
      ...{ maxTokens: outputTokens, program: own, class: asked, tenant: salt, ignoreEos: true, temperature: 0 },
      progress: true,
    });
    const event = (one: GenerationEvent) => {
      if (one.type !== 'admitted') return;
      this.admitted.promptTokens += one.promptTokens;
      this.admitted.cachedTokens += one.cachedTokens ?? 0;
    };
    generation.subscribe({ event, end: () => {} });
    controller.signal.addEventListener('abort', () => generation.cancel());
    const done = generation.result.then(({ usage, tokens }): CallCost => {
      this.used.push({ ...usage, class: asked, salt });
      const { promptTokens, cachedTokens, queueMs, ttftMs } = usage;
      return { tokens, promptTokens, prefilledTokens: promptTokens - (cachedTokens ?? 0), queueMs, ttftMs, gapsMs: [] };
    });
    return { done, cancel: () => controller.abort() };
  }

  forget = async () => {};
  close = async () => {};
}

let engine: Engine;
let text: string;
let samples: Sample[];
let system: WatchedSystem;
let used: WatchedSystem['used'];

beforeAll(async () => {
  engine = await openEngine(RAMBLING_MODEL, { kvTokens: 8_192 });
  const counted = metrics(engine, { modelName: 'a "model"\nof \\ two lines' });
  system = new WatchedSystem(engine);
  await drive(system, fleet(CI, 'metrics', { agents: 3, calls: 4 }));
  await drive(system, mixed(CI, 'metrics', { seconds: 40, interactive: 1, agents: 1, background: 2 }), {
    untilMs: 2_500,
  });
  text = await counted.text();
  samples = readMetrics(text);
  used = system.used;
});
afterAll(() => engine.close());

const total = (field: 'promptTokens' | 'cachedTokens' | 'outputTokens' | 'computedTokens', of = used) =>
  of.reduce((sum, usage) => sum + (usage[field] ?? 0), 0);

describe('after W2 and W6', () => {
  test('tokens are those of the usage that callers got, to the token', () => {
    expect(used.length).toBeGreaterThan(12);
    for (const [kind, field] of [
      ['prompt', 'promptTokens'],
      ['cached', 'cachedTokens'],
      ['output', 'outputTokens'],
      ['computed', 'computedTokens'],
    ] as const) {
      expect(sumOf(samples, 'banyan_tokens_total', { kind })).toBe(total(field));
    }
    expect(sumOf(samples, 'vllm:generation_tokens_total')).toBe(total('outputTokens'));
    expect(sumOf(samples, 'vllm:request_generation_tokens_sum')).toBe(total('outputTokens'));
    expect(sumOf(samples, 'vllm:request_prompt_tokens_sum')).toBe(total('promptTokens'));
    expect(total('cachedTokens')).toBeGreaterThan(0);
  });

  test('what the engine counts is what was admitted: prompts, hits, by tier', () => {
    const { promptTokens, cachedTokens } = system.admitted;
    expect(sumOf(samples, 'vllm:prompt_tokens_total')).toBe(promptTokens);
    expect(sumOf(samples, 'vllm:prefix_cache_queries_total')).toBe(promptTokens);
    expect(sumOf(samples, 'vllm:prefix_cache_hits_total')).toBe(cachedTokens);
    expect(sumOf(samples, 'banyan_hit_tokens_total')).toBe(cachedTokens);
  });

  test('each class has its own requests, and lookups have every one that began', () => {
    for (const asked of CLASSES) {
      const own = used.filter((usage) => usage.class === asked);
      expect(own.length).toBeGreaterThan(0);
      expect(sumOf(samples, 'banyan_requests_total', { class: asked })).toBe(own.length);
      expect(sumOf(samples, 'banyan_tokens_total', { class: asked, kind: 'output' })).toBe(total('outputTokens', own));
      const withToken = own.filter(({ ttftMs }) => ttftMs > 0);
      expect(sumOf(samples, 'banyan_ttft_seconds_count', { class: asked })).toBe(withToken.length);
    }
    expect(sumOf(samples, 'banyan_cache_lookups_total')).toBe(used.length);
    expect(sumOf(samples, 'banyan_missed_tokens_total')).toBe(total('promptTokens') - total('cachedTokens'));
    const gaps = used.reduce((sum, { outputTokens }) => sum + Math.max(0, outputTokens - 1), 0);
    expect(sumOf(samples, 'vllm:inter_token_latency_seconds_count')).toBe(gaps);
  });

  test('every step is in the histogram of their time', () => {
    const steps = sumOf(samples, 'banyan_steps_total');
    expect(steps).toBeGreaterThan(10);
    expect(sumOf(samples, 'banyan_step_seconds_count')).toBe(steps);
    expect(sumOf(samples, 'banyan_step_seconds_sum')).toBe(sumOf(samples, 'banyan_step_seconds_total'));
  });

  test("every panel of vLLM's public dashboard has data, under old names, too", () => {
    const wanted = readFileSync(join(import.meta.dirname, 'vllm-dashboard.txt'), 'utf8')
      .trim()
      .split('\n');
    const old = ['vllm:gpu_cache_usage_perc', 'vllm:time_per_output_token_seconds_bucket'];
    const names = new Set(samples.map(({ name }) => name));
    expect([...wanted, ...old].filter((name) => !names.has(name))).toEqual([]);
    for (const { labels } of samples) expect(labels.model_name).toBe('a "model"\nof \\ two lines');
    const counted = wanted.filter((name) => /_(count|sum|total|bucket)$/.test(name));
    expect(counted.filter((name) => sumOf(samples, name) === 0)).toEqual([]);
  });

  test('promtool finds nothing but the colon in the names that are not ours', (context) => {
    const found = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (found.error) return context.skip('promtool is not installed (Debian: apt-get install prometheus)');
    const complaints = `${found.stdout}${found.stderr}`.split('\n').filter(Boolean);
    expect(complaints.filter((line) => !/^vllm:\w+ metric names should not contain ':'$/.test(line))).toEqual([]);
  });
});

test('each query of our dashboard asks for metrics that a server has', async () => {
  await using server = await serve(engine, { port: 0 });
  const served = readMetrics(await (await fetch(`${server.url}/metrics`)).text());
  const names = new Set([...samples, ...served].map(({ name }) => name));
  for (const run of ['agent', 'workflow']) expect(sumOf(served, 'banyan_runs', { program: run })).toBe(0);
  const dashboard = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/grafana/banyan.json'), 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[];
  };
  const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(asked.length).toBeGreaterThan(30);
  // Families that have samples only once something of theirs has happened are known by their type.
  const types = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const unknown = asked
    .flatMap((expr) => expr.match(/(?:banyan_|vllm:)\w+/g) ?? ['nothing'])
    .filter((name) => !names.has(name) && !types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, '')));
  expect(unknown.filter((name) => !name.startsWith('banyan_http_'))).toEqual([]);
  expect(served.some(({ name }) => name === 'banyan_http_places')).toBe(true);
});
