import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort } from '../../src/kit/abort-listeners.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { codeOf } from '../support/expect-code.js';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('any number of requests is one listener of the signal, and none when they have ended', async () => {
  const { engine, native } = scripted(() => 'ok');
  const { signal } = new AbortController();
  native.paused = true;
  const requests = Array.from({ length: 40 }, () => engine.generate('x', { signal }));
  expect(listenersOf(signal)).toBe(1); // more than ten would print a warning
  native.resume();
  await Promise.all(requests);
  expect(listenersOf(signal)).toBe(0);
});

test('an abort reaches all of them', async () => {
  const { engine } = scripted(() => 'ok');
  const stop = new AbortController();
  const requests = Array.from({ length: 12 }, () => codeOf(() => engine.generate('x', { signal: stop.signal })));
  stop.abort();
  expect(new Set(await Promise.all(requests))).toEqual(new Set(['ABORTED']));
  expect(listenersOf(stop.signal)).toBe(0);
});

test('a listener that has stopped waiting hears nothing, however often it stops, and disturbs no other', () => {
  const stop = new AbortController();
  const heard: string[] = [];
  const forget = onAbort(stop.signal, () => heard.push('first'));
  forget();
  onAbort(stop.signal, () => heard.push('second'));
  forget();
  stop.abort();
  expect(heard).toEqual(['second']);
  onAbort(stop.signal, () => heard.push('too late'))();
  onAbort(undefined, () => heard.push('no signal'))();
  expect(heard).toEqual(['second']);
});
