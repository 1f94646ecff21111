import { describe, expect, test } from 'vitest';
import { runChild } from '../support/run-child.js';

// What the process does to an engine: it exits in the middle of a step, drops handles, runs engines in worker threads.

const scenario = (name: string, args: string[] = []) =>
  runChild(new URL(`./children/${name}.ts`, import.meta.url), args);

async function expectExit(name: string, args: string[], code: number, stdout?: string): Promise<void> {
  const result = await scenario(name, args);
  expect({ code: result.code, signal: result.signal }, result.stderr.slice(-2000)).toEqual({ code, signal: null });
  if (stdout !== undefined) expect(result.stdout.trim()).toBe(stdout);
}

describe('process exit', () => {
  test.each([
    ['process.exit while loading', 'loading', 3],
    ['process.exit while idle', 'idle', 4],
    ['process.exit while a prompt is prefilled', 'prefilling', 5],
    ['process.exit while 8 requests decode', 'decoding', 6],
    ['process.exit from inside an event', 'event', 7],
    ['process.exit while close is under way', 'closing', 8],
    ['an exception that is not caught, mid-step', 'throw', 1],
  ])('%s', async (_, phase, code) => {
    await expectExit('exit', [phase], code);
  });

  test('an idle engine does not keep the process alive', async () => {
    await expectExit('exit', ['forgotten'], 0, 'end of program');
  });

  test('a running request does keep it alive, until its end', async () => {
    await expectExit('exit', ['busy'], 0, '30 tokens');
  });
});

describe('worker threads', () => {
  test('an engine in each of two workers and one in the main thread, all at once', async () => {
    await expectExit('workers', ['together'], 0, 'same output 3 times');
  });

  test('a worker terminated in the middle of a step takes no other with it', async () => {
    await expectExit('workers', ['terminate'], 0, 'main engine lives');
  });

  test('a worker terminated in the middle of a long simulation does not wait for its end', async () => {
    await expectExit('workers', ['simulate'], 0, 'main engine lives');
  });

  test('a worker that returns without closing its engine', async () => {
    await expectExit('workers', ['abandon'], 0, 'main engine lives');
  });
});

describe('garbage collection', () => {
  test('an unreachable engine is freed, with its thread', async () => {
    await expectExit('garbage', ['engine'], 0, 'collected');
  });

  test('an engine whose request runs is not collected', async () => {
    await expectExit('garbage', ['running'], 0, '200 tokens');
  });

  test('a chat format outlives nothing: dropped before, during and after its request', async () => {
    await expectExit('garbage', ['format'], 0, 'ok');
  });

  test('20 engines opened and closed leave no memory behind', async () => {
    await expectExit('garbage', ['reopen'], 0, 'bounded');
  });
});

describe('consumers', () => {
  test('an event handler that throws is an uncaughtException of its own; the engine goes on', async () => {
    await expectExit('consumers', ['throw'], 0, 'caught 1, then 8 tokens');
  });

  test('a blocked event loop stalls no step: all answers are there when it wakes', async () => {
    await expectExit('consumers', ['block'], 0, 'all there');
  });
});
