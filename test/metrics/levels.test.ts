import { expect, test } from 'vitest';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import { text } from '../../src/graph/text.js';
import { Workflow } from '../../src/graph/workflow.js';
import { CappedLabel } from '../../src/metrics/capped-label.js';
import { countFor, metrics } from '../../src/metrics/metrics.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { servingScript } from '../../testing/engine/serving.js';
import { codeOf } from '../support/expect-code.js';
import { readMetrics, sumOf } from '../support/prometheus-text.js';

const call = callText('1', 'look', '{"at":"it"}');
const look = defineTool({
  name: 'look',
  description: 'Looks',
  input: z.object({ at: z.string() }),
  execute: () => 'seen',
});

test('agent runs and workflows: runs, steps, tools and first tokens are counted, and requests know what they are part of', async () => {
  let clock = 0;
  const { engine } = scripted((prompt) => (prompt.includes('seen') || !prompt.includes('Look') ? 'Done.' : call));
  const counted = countFor(engine, {}, () => {
    clock += 100;
    return clock;
  });
  const agent = new Agent({ engine, tools: [look], tenant: 'acme' });
  await agent.run('Look');
  const flow = new Workflow();
  const first = flow.ask('first', { prompt: 'One' });
  await flow.plan({ last: flow.ask('last', { prompt: text`Then: ${first}` }) }).run(engine);
  await engine.session().generate('Hello');
  await engine.generate('Hello');
  const samples = readMetrics(await counted.text());
  const of = (program: string) => ({ program });
  expect(sumOf(samples, 'banyan_requests_total', of('agent'))).toBe(2);
  expect(sumOf(samples, 'banyan_requests_total', { program: 'agent', tenant: 'acme' })).toBe(2);
  expect(sumOf(samples, 'banyan_requests_total', of('workflow'))).toBe(2);
  expect(sumOf(samples, 'banyan_requests_total', of('conversation'))).toBe(1);
  expect(sumOf(samples, 'banyan_requests_total', { program: 'none', tenant: 'none', class: 'interactive' })).toBe(1);
  for (const program of ['agent', 'workflow']) {
    expect(sumOf(samples, 'banyan_runs', of(program))).toBe(0);
    expect(sumOf(samples, 'banyan_run_seconds_count', of(program))).toBe(1);
    expect(sumOf(samples, 'banyan_run_queue_seconds_count', of(program))).toBe(1);
    expect(sumOf(samples, 'banyan_run_steps_sum', of(program))).toBe(2);
    expect(sumOf(samples, 'banyan_run_step_seconds_count', of(program))).toBe(2);
    expect(sumOf(samples, 'banyan_run_ttft_seconds_count', of(program))).toBe(1);
  }
  expect(sumOf(samples, 'banyan_run_ttft_seconds_sum', of('agent'))).toBeCloseTo(0.2); // begin, first event's own time, first token
  expect(sumOf(samples, 'banyan_runs_ended_total', { program: 'agent', reason: 'answer' })).toBe(1);
  expect(sumOf(samples, 'banyan_runs_ended_total', { program: 'workflow', reason: 'done' })).toBe(1);
  expect(sumOf(samples, 'banyan_tool_seconds_count', { tool: 'look', ok: 'true' })).toBe(1);
  expect(sumOf(samples, 'banyan_tool_calls_total', of('agent'))).toBe(1);
});

test('what fails and what is cancelled is counted as such, and runs of other engines not at all', async () => {
  const { engine, native } = scripted(() => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } }));
  const other = scripted(() => 'Hi');
  const counted = metrics(engine);
  await new Agent({ engine: other.engine }).run('Hello');
  const failed = new Agent({ engine }).run('Hello').result;
  expect(await codeOf(() => failed)).toBe('STEP_FAILED');
  native.paused = true;
  const left = engine.generate('Hello');
  left.cancel();
  await left.result;
  const samples = readMetrics(await counted.text());
  expect(sumOf(samples, 'banyan_requests_total')).toBe(2);
  expect(sumOf(samples, 'banyan_requests_total', { outcome: 'step_failed', program: 'agent' })).toBe(1);
  expect(sumOf(samples, 'banyan_requests_total', { outcome: 'cancelled' })).toBe(1);
  expect(sumOf(samples, 'banyan_runs_ended_total')).toBe(1);
  expect(sumOf(samples, 'banyan_runs_ended_total', { reason: 'step_failed' })).toBe(1);
  expect(sumOf(samples, 'vllm:request_success_total', { finished_reason: 'error' })).toBe(1);
});

test('closed, nothing more is counted; of a closed engine the last numbers are shown', async () => {
  const { engine } = scripted(() => 'Hi');
  const counted = metrics(engine);
  await engine.generate('One');
  counted.close();
  await engine.generate('Two');
  await engine.close();
  expect(sumOf(readMetrics(await counted.text()), 'banyan_requests_total')).toBe(1);
});

test('names that callers choose cannot fill the memory: the first are told apart, the rest is `other`', async () => {
  const label = new CappedLabel(2);
  expect(['a', 'b', 'c', 'a', '', 'd'].map((name) => label.of(name))).toEqual([
    'a',
    'b',
    'other',
    'a',
    'none',
    'other',
  ]);
  const { engine } = scripted(() => 'Hi');
  const counted = metrics(engine, { tenants: 3, tools: 1 });
  for (let n = 0; n < 40; n++) await engine.generate('Hi', { tenant: `tenant ${n}` });
  const samples = readMetrics(await counted.text());
  const tenants = new Set(samples.map(({ labels }) => labels.tenant).filter(Boolean));
  expect(tenants).toEqual(new Set(['tenant 0', 'tenant 1', 'tenant 2', 'other']));
  expect(sumOf(samples, 'banyan_requests_total', { tenant: 'other' })).toBe(37);
  expect(new CappedLabel(1).of('x'.repeat(10_000))).toHaveLength(128);
});

test('over HTTP: with a key where there are keys, not at all when switched off; paths that clients make up are one', async () => {
  await using locked = await servingScript(() => 'Hi', { apiKeys: ['secret'] });
  expect((await fetch(`${locked.url}/metrics`)).status).toBe(401);
  const headers = { authorization: 'Bearer secret' };
  for (let n = 0; n < 5; n++) await fetch(`${locked.url}/made-up/${n}`, { headers });
  const response = await fetch(`${locked.url}/metrics`, { headers });
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const samples = readMetrics(await response.text());
  expect(sumOf(samples, 'banyan_http_responses_total', { route: 'other', status: '404' })).toBe(5);
  expect(sumOf(samples, 'banyan_http_responses_total', { route: '/metrics', status: '401' })).toBe(1);
  await using off = await servingScript(() => 'Hi', { metrics: false });
  expect((await fetch(`${off.url}/metrics`)).status).toBe(404);
});
