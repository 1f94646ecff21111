import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { traceEngine } from '../../src/adapters/otel/trace-engine.js';
import { Agent } from '../../src/agent/agent.js';
import { defineTool } from '../../src/agent/tool.js';
import type { Engine } from '../../src/engine/engine.js';
import { text } from '../../src/graph/text.js';
import { Workflow } from '../../src/graph/workflow.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import { serving } from '../../testing/engine/serving.js';
import { codeOf } from '../support/expect-code.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer('test');
beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
beforeEach(() => exporter.reset());

const spans = () => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan[] => spans().filter((span) => span.name === name);
const parentOf = (span: ReadableSpan | undefined) =>
  spans().find((one) => one.spanContext().spanId === span?.parentSpanContext?.spanId)?.name;
const traced = (engine: Engine) => traceEngine(engine, { tracer });

const look = defineTool({
  name: 'look',
  description: 'Looks',
  input: z.object({ at: z.string() }),
  execute: () => 'seen',
});
const call = callText('1', 'look', '{"at":"it"}');

test('an agent run: the run, its steps, the model and tools in them, under the span that was active', async () => {
  const { engine } = scripted((prompt) => (prompt.includes('seen') ? 'Done.' : call));
  const stop = traced(engine);
  const agent = new Agent({ engine, tools: [look], tenant: 'acme', maxTokens: 100 });
  await tracer.startActiveSpan('caller', async (span) => {
    await agent.run('Look');
    span.end();
  });
  expect(named('step').map(parentOf)).toEqual(['invoke_agent', 'invoke_agent']);
  expect(named('chat scripted').map(parentOf)).toEqual(['step', 'step']);
  expect(named('execute_tool look').map(parentOf)).toEqual(['step']);
  expect(named('invoke_agent').map(parentOf)).toEqual(['caller']);
  expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  const [first, second] = named('chat scripted');
  expect(first?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'banyan',
    'gen_ai.request.model': 'scripted',
    'gen_ai.response.finish_reasons': ['tool-calls'],
    'banyan.tenant': 'acme',
  });
  expect(second?.attributes['gen_ai.usage.cache_read.input_tokens']).toBeGreaterThan(0);
  expect(first?.attributes['gen_ai.conversation.id']).toBe(
    named('invoke_agent')[0]?.attributes['gen_ai.conversation.id'],
  );
  expect(first?.events.map(({ name }) => name)).toContain('first_token');
  expect(named('execute_tool look')[0]?.attributes['gen_ai.tool.call.id']).toBe('1');
  expect(JSON.stringify(spans().map(({ attributes, events }) => [attributes, events]))).not.toContain('seen'); // no text
  stop();
  exporter.reset();
  await agent.run('Look');
  expect(spans()).toEqual([]);
});

test('a workflow: its nodes and its requests', async () => {
  const { engine } = scripted(() => 'Hi');
  traced(engine);
  const flow = new Workflow();
  const first = flow.ask('first', { prompt: 'One' });
  await flow.plan({ last: flow.ask('last', { prompt: text`Then: ${first}` }) }).run(engine);
  expect(['first', 'last', 'chat scripted'].map((name) => parentOf(named(name)[0]))).toEqual(
    Array.from({ length: 3 }, () => 'invoke_workflow'),
  );
});

test('what fails is marked as failed, with its code, all the way up', async () => {
  const { engine } = scripted(() => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } }));
  traced(engine);
  expect(await codeOf(() => new Agent({ engine }).run('Hello').result)).toBe('STEP_FAILED');
  expect(spans().map(({ name, status }) => [name, status.code])).toEqual([
    ['chat scripted', SpanStatusCode.ERROR],
    ['step', SpanStatusCode.ERROR],
    ['invoke_agent', SpanStatusCode.ERROR],
  ]);
  expect(named('chat scripted')[0]?.attributes['error.type']).toBe('STEP_FAILED');
});

test("over HTTP a client's traceparent is gone on with; what is none begins a trace of its own", async () => {
  const { engine } = scripted(() => 'Hi');
  await using it = await serving(engine);
  traced(engine);
  const ask = async (traceparent: string) => {
    exporter.reset();
    const headers = { traceparent, 'x-request-id': 'request 1'.replace(' ', '-'), 'content-type': 'application/json' };
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }] });
    await (await fetch(`${it.url}/v1/chat/completions`, { method: 'POST', headers, body })).text();
    return spans()[0];
  };
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const told = await ask(`00-${traceId}-${spanId}-01`);
  expect(told?.spanContext().traceId).toBe(traceId);
  expect(told?.parentSpanContext?.spanId).toBe(spanId);
  expect(told?.attributes['banyan.label']).toBe('request-1');
  for (const wrong of [`ff-${traceId}-${spanId}-01`, `00-${'0'.repeat(32)}-${spanId}-01`, 'x', `00-${traceId}`]) {
    const own = await ask(wrong);
    expect(own?.spanContext().traceId).not.toBe(traceId);
    expect(own?.parentSpanContext).toBeUndefined();
  }
});

test('a tracer that throws harms no request', async () => {
  const { engine } = scripted(() => 'Hi');
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (reason) => thrown.push(reason));
  try {
    const broken = Object.assign(Object.create(tracer), {
      startSpan: () => {
        throw new Error('broken');
      },
    });
    traceEngine(engine, { tracer: broken });
    expect((await engine.generate('Hello')).text).toBe('Hi');
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  expect(thrown).toMatchObject([{ message: 'broken' }]);
});

test('unwatched, a global tracer without an SDK costs nothing and shows nothing', async () => {
  const { engine } = scripted(() => 'Hi');
  const stop = traceEngine(engine);
  expect((await engine.generate('Hello')).text).toBe('Hi');
  expect(trace.getActiveSpan()).toBeUndefined();
  stop();
});
