import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Generation, GenerationEvent } from '../../src/engine/generation.js';
import type { BanyanError } from '../../src/kit/errors.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';

const user = (content: string) => [{ role: 'user' as const, content }];

/** All that a sink was given, in order; `ended` resolves at its end. */
function follow(generation: Generation) {
  const events: GenerationEvent[] = [];
  let end: (failure: BanyanError | undefined) => void = () => {};
  const ended = new Promise<BanyanError | undefined>((resolve) => {
    end = resolve;
  });
  let within = true;
  const stop = generation.subscribe({
    event: (event) => {
      expect(within, 'an event from within subscribe()').toBe(false);
      events.push(event);
    },
    end,
  });
  within = false;
  return { events, ended, stop };
}

async function read(generation: Generation): Promise<GenerationEvent[]> {
  const events: GenerationEvent[] = [];
  for await (const event of generation) events.push(event);
  return events;
}

/** Exceptions that no code of the program caught, until `undo`. */
function uncaught() {
  const before = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[];
  const caught: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (reason) => caught.push(reason));
  const undo = () => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  };
  return { caught, [Symbol.dispose]: undo };
}

test('a sink gets what a loop gets, early and late, and then its end', async () => {
  const call = callText('c1', 'add', '{"a":1}');
  const { engine } = scripted(() => ({ steps: ['(hm', 'm)Let me', ' see', call.slice(0, 9), call.slice(9)] }));
  const generation = engine.generate(user('x'));
  const early = follow(generation);
  const loop = await read(generation);
  expect(await early.ended).toBeUndefined();
  expect(early.events).toEqual(loop);
  const late = follow(generation);
  expect(await late.ended).toBeUndefined();
  expect(late.events).toEqual(loop);
});

test('a sink that wants no ids gets all else', async () => {
  const { engine } = scripted(() => ({ steps: ['(hm', 'm)Let me', ' see'] }));
  const generation = engine.generate(user('x'));
  const events: GenerationEvent[] = [];
  await new Promise<void>((resolve) => {
    generation.subscribe({ event: (event) => events.push(event), end: () => resolve() }, { ids: false });
  });
  const all = await read(generation);
  expect(all.some(({ type }) => type === 'tokens')).toBe(true);
  expect(events).toEqual(all.filter(({ type }) => type !== 'tokens'));
});

test('one that comes in the middle misses nothing', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c', 'd'] }));
  const generation = engine.generate(user('x'));
  const first = follow(generation);
  while (first.events.length < 2) await turn();
  native.paused = true;
  const second = follow(generation);
  await turn();
  expect(second.events).toEqual(first.events);
  native.resume();
  await Promise.all([first.ended, second.ended]);
  expect(second.events).toEqual(first.events);
});

test('events come while the step is handed out, before any promise', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b'] }));
  const generation = engine.generate(user('x'));
  const { events, ended } = follow(generation);
  const counts: number[] = [];
  const deliver = native.router.deliver.bind(native.router);
  native.router.deliver = (step) => {
    const before = events.length;
    deliver(step);
    counts.push(events.length - before);
  };
  await ended;
  expect(counts).toEqual([2, 2, 0]); // tokens and text; the finish event waits for the result
});

test('a failure is told once, and no event after it', async () => {
  const error = { code: 'STEP_FAILED', message: 'no' };
  const { engine } = scripted(() => ({ steps: ['a'], error }));
  const { events, ended } = follow(engine.generate('x'));
  expect(await ended).toMatchObject(error);
  expect(events.map(({ type }) => type)).toEqual(['tokens', 'text']);
});

test('leaving ends the calls and cancels nothing', async () => {
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const generation = engine.generate('x');
  const { events, stop } = follow(generation);
  while (events.length < 2) await turn();
  stop();
  expect((await generation).text).toBe('abc');
  await turn();
  expect(events).toHaveLength(2);
  expect(native.cancelled).toEqual([]);
});

test('a sink may start and cancel requests, and subscribe to them', async () => {
  const { engine } = scripted((prompt) => ({ steps: prompt.includes('first') ? ['a', 'b'] : ['c', 'd'] }));
  const first = engine.generate('first');
  let second: ReturnType<typeof follow> | undefined;
  await new Promise<void>((resolve) => {
    first.subscribe({
      event: ({ type }) => {
        if (type !== 'text' || second) return;
        second = follow(engine.generate('second'));
        first.cancel();
      },
      end: () => resolve(),
    });
  });
  expect((await first).text).toBe('a');
  expect(await second?.ended).toBeUndefined();
  expect(second?.events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(['c', 'd']);
});

test('a sink that throws ends its own request; the exception is uncaught, and others hear on', async () => {
  using thrown = uncaught();
  const { engine, native } = scripted(() => ({ steps: ['a', 'b', 'c'] }));
  const bad = engine.generate('bad');
  let calls = 0;
  bad.subscribe({
    event: () => {
      calls++;
      throw new Error('mine');
    },
    end: () => calls++,
  });
  const good = follow(engine.generate('good'));
  expect(await good.ended).toBeUndefined();
  expect(good.events.at(-1)).toMatchObject({ type: 'finish', result: { text: 'abc' } });
  expect((await bad).finishReason).toBe('cancelled');
  await turn();
  expect(native.cancelled).toEqual([1]);
  expect(calls).toBe(1);
  expect(thrown.caught).toMatchObject([{ message: 'mine' }]);
});
