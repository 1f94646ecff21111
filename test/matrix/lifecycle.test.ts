import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectSameGreedy } from '../../testing/engine/greedy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { greedy, nativeRequest, type Outcome, type Running, TestEngine } from '../../testing/engine/test-engine.js';
import { codeOf } from '../support/expect-code.js';

// Cancel and close in every state that a request passes through: call x state.

// Heavy enough that a prompt takes a while (200 steps), however late this thread gets to look at it.
const MODEL = { layers: 4, embedding: 256, heads: 8, kvHeads: 4, feedForward: 512 };
const PROMPT = randomPrompt('lifecycle', 3200);
/** Steps for seconds: a request of this length does not end while this thread waits for its turn on a busy machine. */
const LONG = 3900;
const sampling = { ...greedy, logprobs: 2 };
let reference: Outcome;
let engine: TestEngine;

beforeEach(async () => {
  engine = await TestEngine.open(MODEL, { kvTokens: 4096, maxRunning: 1, maxBatchTokens: 16 });
  reference ??= await engine.run(PROMPT.slice(0, 50), { maxTokens: 20, sampling });
});
afterEach(() => engine.close());

type Phase = 'queued' | 'prefilling' | 'decoding';

/** Brings a request to a phase and returns it there, with the one that keeps it waiting. */
async function inPhase(phase: Phase): Promise<{ request: Running; blocker?: Running }> {
  if (phase === 'queued') {
    const blocker = engine.submit(randomPrompt('blocker', 40), { maxTokens: LONG });
    const request = engine.submit(PROMPT, { maxTokens: 800 });
    await engine.until(({ waiting, running }) => waiting === 1 && running === 1);
    return { request, blocker };
  }
  const { prefillTokens } = await engine.stats();
  const request =
    phase === 'decoding'
      ? engine.submit(PROMPT.slice(0, 50), { maxTokens: LONG })
      : engine.submit(PROMPT, { maxTokens: 800 });
  if (phase === 'decoding') await request.started;
  else await engine.until((stats) => stats.prefillTokens > prefillTokens);
  expect(request.outcome.tokens.length === 0).toBe(phase === 'prefilling');
  return { request };
}

async function expectWorking(): Promise<void> {
  expectSameGreedy(await engine.run(PROMPT.slice(0, 50), { maxTokens: 20, sampling }), reference);
  await engine.verifyIdle();
}

describe.each<Phase>(['queued', 'prefilling', 'decoding'])('while %s', (phase) => {
  test('cancel ends it, frees its pages, and the engine goes on', async () => {
    const { request, blocker } = await inPhase(phase);
    expect(engine.native.cancel(request.id)).toBe(true);
    const outcome = await request.done;
    expect(outcome.reason).toBe('cancelled');
    expect(outcome.tokens.length).toBeLessThan(LONG);
    if (blocker) {
      engine.native.cancel(blocker.id);
      await blocker.done;
    }
    expect(engine.native.cancel(request.id)).toBe(false);
    expect((await engine.stats()).cancelled).toBe(blocker ? 2 : 1);
    await expectWorking();
  });

  test('cancel takes effect before the next step', async () => {
    const { request, blocker } = await inPhase(phase);
    engine.native.cancel(request.id);
    const heard = await engine.stats(); // asked after it: answered after it
    // Heard in the midst of a step, the answer still counts what that step computes.
    const left = blocker ? 1 : 0;
    const after = await engine.until(({ waiting, running }) => waiting === 0 && running === left);
    if (blocker) return;
    expect(after.steps - heard.steps).toBeLessThanOrEqual(1);
    expect(after.pagesUsed).toBe(after.pagesCached);
  });

  test('cancelling twice is one end', async () => {
    const { request } = await inPhase(phase);
    engine.native.cancel(request.id);
    engine.native.cancel(request.id);
    expect((await request.done).reason).toBe('cancelled');
    engine.native.cancel(request.id);
    await engine.stats(); // a second finish event would throw in the harness by now
  });

  test('close delivers its end and then resolves', async () => {
    const { request, blocker } = await inPhase(phase);
    let ended = false;
    request.done.then(() => {
      ended = true;
    });
    await engine.close();
    expect(ended).toBe(true);
    expect((await request.done).reason).toBe('cancelled');
    if (blocker) expect((await blocker.done).reason).toBe('cancelled');
  });

  test('questions are answered meanwhile', async () => {
    const { request } = await inPhase(phase);
    expect(engine.native.detokenize(engine.native.tokenize('a tool call', false, false), false)).toBe('a tool call');
    expect((await engine.native.explain('', Int32Array.from(PROMPT))).promptTokens).toBe(PROMPT.length);
    expect(await engine.native.checkIntegrity()).toBe('');
    expect(await engine.native.clearCache()).toBeGreaterThanOrEqual(0);
    expect(await engine.native.checkIntegrity()).toBe('');
    engine.native.cancel(request.id);
    expect((await request.done).reason).toBe('cancelled');
  });
});

describe('while delivering', () => {
  test('cancel from inside the event of its own first token', async () => {
    engine.hook = (event) => {
      if (event.type === 'tokens') engine.native.cancel(event.request);
    };
    const attempt = () => engine.run(PROMPT.slice(0, 50), { maxTokens: LONG });
    let outcome = await attempt();
    // Its first event was late: all had been computed, and there was nothing to cancel.
    while (outcome.reason === 'length') outcome = await attempt();
    expect(outcome.reason).toBe('cancelled');
    expect(outcome.tokens.length).toBeLessThan(LONG);
    engine.hook = () => {};
    await expectWorking();
  });

  test('submit from inside an event', async () => {
    let chained: Running | undefined;
    engine.hook = (event) => {
      if (event.type === 'finish') chained ??= engine.submit(PROMPT.slice(0, 50), { maxTokens: 20, sampling });
    };
    await engine.run(PROMPT.slice(0, 30));
    expectSameGreedy(await (chained as Running).done, reference);
  });

  test('close from inside an event', async () => {
    const closed = new Promise<void>((resolve, reject) => {
      engine.hook = (event) => {
        if (event.type === 'tokens') engine.close().then(resolve, reject);
      };
    });
    const request = engine.submit(PROMPT.slice(0, 50), { maxTokens: LONG });
    await closed;
    expect((await request.done).reason).toBe('cancelled');
  });
});

describe('when finished', () => {
  test('cancel says that there is nothing to cancel, whatever the id', async () => {
    const request = engine.submit(PROMPT.slice(0, 30));
    await request.done;
    for (const id of [request.id, request.id + 1, 0, 2 ** 53 - 1]) expect(engine.native.cancel(id)).toBe(false);
    for (const id of [-1, 0.5, Number.NaN, 'one', undefined, null, {}])
      expect(await codeOf(() => engine.native.cancel(id as number))).toBe('INVALID_OPTION');
  });
});

describe('when closed', () => {
  const CALLS: [string, (e: TestEngine) => unknown][] = [
    ['submit', (e) => e.native.submit(nativeRequest([1]))],
    ['tokenize', (e) => e.native.tokenize('a', false, false)],
    ['detokenize', (e) => e.native.detokenize(Int32Array.of(1), false)],
    ['explain', (e) => e.native.explain('', Int32Array.of(1))],
    ['pin', (e) => e.native.pin('', Int32Array.of(1), 1000, 1)],
    ['unpin', (e) => e.native.unpin(1)],
    ['clearCache', (e) => e.native.clearCache()],
    ['stats', (e) => e.native.stats()],
    ['checkIntegrity', (e) => e.native.checkIntegrity()],
    [
      'renderChat',
      (e) =>
        e.native.renderChat({
          messages: [{ role: 'user', content: 'x' }],
          tools: [],
          toolChoice: 'auto',
          parallelToolCalls: false,
          addGenerationPrompt: true,
          jsonSchema: '',
          grammar: '',
          enableThinking: false,
          continueAnswer: false,
          templateArgs: {},
        }),
    ],
  ];
  test.each(CALLS)('%s: CLOSED', async (_, call) => {
    await engine.close();
    expect(await codeOf(() => call(engine))).toBe('CLOSED');
  });

  test.each(CALLS)('%s started right before close settles', async (_, call) => {
    let settled: Promise<unknown> = Promise.resolve();
    try {
      settled = Promise.resolve(call(engine)).catch((error) => expect(error.code).toBe('CLOSED'));
    } finally {
      await engine.close();
    }
    await settled;
  });

  test('close is idempotent, and the rest of a closed engine can still be asked', async () => {
    const closes = [engine.close(), engine.close()];
    await Promise.all(closes);
    await engine.close();
    expect(await codeOf(() => engine.native.cancel(1))).toBe('CLOSED');
    expect(engine.native.info.architecture).toBe('qwen3');
  });
});

test('pins: cached pages stay through pressure, until unpinned', async () => {
  await engine.close();
  engine = await TestEngine.open({}, { kvTokens: 512, maxRunning: 2 });
  const kept = randomPrompt('kept', 128);
  await engine.run(kept, { maxTokens: 1 });
  const pin = await engine.native.pin('', Int32Array.from(kept), 600_000, 1);
  expect(pin.tokens).toBeGreaterThanOrEqual(112);
  for (let i = 0; i < 8; i++) await engine.run(randomPrompt(`flood ${i}`, 200), { maxTokens: 4 });
  expect((await engine.run(kept, { maxTokens: 1 })).usage?.cachedTokens).toBeGreaterThanOrEqual(112);
  expect(await engine.native.unpin(pin.id)).toBe(true);
  expect(await engine.native.unpin(pin.id)).toBe(false);
  for (let i = 0; i < 8; i++) await engine.run(randomPrompt(`again ${i}`, 200), { maxTokens: 4 });
  expect((await engine.run(kept, { maxTokens: 1 })).usage?.cachedTokens).toBeLessThan(112);
  await engine.verifyIdle();
});
