import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scripted } from '../../testing/engine/scripted-engine.js';

// Iterators driven by hand, as streams and servers do it. `for await` itself is in generation.test.ts.

const steps = Array.from({ length: 50 }, () => 'x');

test('a stream that is given back unread cancels', async () => {
  const { engine, native } = scripted(() => ({ steps }));
  const generation = engine.generate('x');
  await generation[Symbol.asyncIterator]().return();
  expect((await generation).finishReason).toBe('cancelled');
  expect(native.requests).toEqual([]); // not even submitted
});

test('who leaves while waiting for the first token is heard at once', async () => {
  const { engine, native } = scripted(() => ({ steps }));
  native.paused = true; // as in a long queue
  const iterator = engine.generate('x')[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await turn();
  const left = iterator.return();
  expect(native.cancelled).toEqual([1]);
  native.resume();
  expect(await waiting).toMatchObject({ value: { type: 'finish', result: { finishReason: 'cancelled' } } });
  expect((await left).done).toBe(true);
});

test('a Web stream that is cancelled cancels', async () => {
  const { engine, native } = scripted(() => ({ steps }));
  native.paused = true;
  const generation = engine.generate('x');
  const reader = ReadableStream.from(generation).getReader();
  const waiting = reader.read();
  await turn();
  void reader.cancel(); // a client that hangs up
  native.resume();
  await waiting;
  expect((await generation).finishReason).toBe('cancelled');
});

test.each(['unread', 'begun'])('an error thrown into a stream, %s, cancels and comes back', async (state) => {
  const { engine } = scripted(() => ({ steps }));
  const generation = engine.generate('x');
  const iterator = generation[Symbol.asyncIterator]();
  if (state === 'begun') await iterator.next();
  await expect(iterator.throw(new RangeError('mine'))).rejects.toThrow('mine');
  expect((await generation).finishReason).toBe('cancelled');
});

test.each(['unread', 'begun'])('`await using` leaves a stream, %s', async (state) => {
  const { engine } = scripted(() => ({ steps }));
  const generation = engine.generate('x');
  {
    await using iterator = generation[Symbol.asyncIterator]();
    if (state === 'begun') await iterator.next();
  }
  expect((await generation).finishReason).toBe('cancelled');
});

test('who waits for a decision can leave, and then none are made', async () => {
  const { engine, native } = scripted(() => 'ok');
  const feed = engine.decisions();
  const waiting = feed.next();
  await feed.return();
  expect((await waiting).done).toBe(true);
  expect(native.decisionsOn).toBe(false);
});

test('closing the engine from inside a loop ends the loop', async () => {
  const { engine } = scripted(() => ({ steps }));
  const read = async () => {
    for await (const _ of engine.generate('x')) await engine.close();
  };
  await expect(read()).rejects.toMatchObject({ code: 'CLOSED' });
});
