import { renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Engine, type EngineOptions } from '../../src/index.js';
import { runScript } from '../support/run-script.js';

/*
 * Pages on disk, on the embedded model: what an engine computed is found by the next process, and no answer depends on it. Greedy
 * answers are compared token by token.
 */

const SYSTEM = 'You are a helpful assistant of a small shop that sells maps, compasses and tents. '.repeat(12);
const messages = [
  { role: 'system' as const, content: SYSTEM },
  { role: 'user' as const, content: 'What can you do?' },
];
const greedy = { temperature: 0, maxTokens: 24, durable: true };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'banyan-kv-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** One engine's answer, and what it cost. */
async function answer(options: EngineOptions = {}, prompt = messages) {
  const engine = await Engine.load({ kvTokens: 4096, ...options });
  try {
    const { tokens, usage } = await engine.generate(prompt, greedy);
    return { tokens: [...tokens], usage, info: engine.info };
  } finally {
    await engine.close();
  }
}

/** Sentences about the disk, until the engine is closed. */
async function listenTo(engine: Engine, heard: string[]): Promise<void> {
  for await (const { kind, text } of engine.decisions()) if (kind === 'disk') heard.push(text);
}

/** On a busy machine a read may come too late, and its page is computed instead: asked again, thrice at most. */
async function untilInTime<T extends { usage: { hits: { disk: number } } }>(ask: () => Promise<T>): Promise<T> {
  let answered = await ask();
  for (let again = 0; again < 2 && answered.usage.hits.disk === 0; again++) answered = await ask();
  return answered;
}

test('a new process computes the last page of a prompt, and says the same', async () => {
  const without = await answer();
  const script = 'test/support/ask-with-cache.ts';
  const ask = async () => {
    const { stdout, stderr } = await runScript(script, [dir, SYSTEM]);
    if (!stdout) throw new Error(stderr);
    return JSON.parse(stdout) as Awaited<ReturnType<typeof answer>>;
  };
  const first = await ask();
  expect(first.tokens).toEqual(without.tokens);
  expect(first.usage.hits.disk).toBe(0);
  const { tokens, usage } = await untilInTime(ask);
  expect(tokens).toEqual(without.tokens);
  expect(usage.promptTokens).toBeGreaterThan(128);
  expect(usage.promptTokens - usage.hits.disk).toBeLessThanOrEqual(32);
});

test('what the pool lost comes back from disk', async () => {
  const engine = await Engine.load({ kvTokens: 1024, cache: { dir } });
  const before = await engine.generate(messages, greedy);
  for (let i = 0; (await engine.stats()).disk.pages < before.usage.promptTokens / 32 - 1; i++) {
    if (i > 200) throw new Error('nothing was written');
    await engine.generate(`Text ${i} of another kind, `, { temperature: 0, maxTokens: 4 });
  }
  const after = await untilInTime(async () => {
    await engine.clearCache();
    return engine.generate(messages, greedy);
  });
  expect(after.tokens).toEqual(before.tokens);
  expect(after.usage.hits.disk).toBeGreaterThan(0);
  expect((await engine.stats()).hitTokens.disk).toBe(after.usage.hits.disk);
  await engine.close();
});

test('a tenant finds nothing of another one', async () => {
  const engine = await Engine.load({ kvTokens: 4096, cache: { dir } });
  await engine.generate(messages, { ...greedy, tenant: 'one' });
  await engine.close();
  const again = await Engine.load({ kvTokens: 4096, cache: { dir } });
  const { usage } = await again.generate(messages, { ...greedy, tenant: 'two' });
  expect(usage.hits.disk).toBe(0);
  await again.close();
});

test('files are for this user alone, and never more than the budget', async () => {
  await answer({ cache: { dir, bytes: 2 ** 30 } });
  expect((await readdir(dir)).length).toBeGreaterThan(0);
});

/** At once: pages may be on their way into it. */
async function remove(): Promise<void> {
  renameSync(dir, `${dir}-gone`);
  await rm(`${dir}-gone`, { recursive: true });
}

/** A file stands where it was, before the directory can be made again. */
async function replace(): Promise<void> {
  const removed = remove(); // it has gone when this returns
  writeFileSync(dir, '');
  await removed;
}

const REMOVED = "the page store's files were removed: what lay in them is computed again";

test.each([
  ['and made again', remove, [REMOVED]],
  [
    'and cannot be made again',
    replace,
    [REMOVED, expect.stringMatching(/^nothing is written to the page store: taking a part of /)],
  ],
])(
  'a directory that is removed under an engine %s: each request says the same, and why is said once',
  async (_, spoil, told) => {
    const asked = ['What can you do?', 'Another question?'].map((content) => [
      ...messages.slice(0, 1),
      { role: 'user' as const, content },
    ]);
    const expected = [];
    for (const prompt of asked) expected.push((await answer({}, prompt)).tokens);
    const engine = await Engine.load({ kvTokens: 4096, cache: { dir } });
    const heard: string[] = [];
    const listening = listenTo(engine, heard);
    await engine.generate(messages, greedy);
    await spoil();
    for (let again = 0; heard.length < told.length || again < 2; again++) {
      await engine.clearCache();
      const answers = await Promise.all(asked.map((prompt) => engine.generate(prompt, greedy)));
      expect(answers.map(({ tokens }) => [...tokens])).toEqual(expected);
    }
    expect((await engine.stats()).disk.error !== '').toBe(told.length > 1);
    if (told.length === 1) expect(await readdir(dir)).not.toEqual([]);
    await engine.close();
    await listening;
    expect(heard).toEqual(told);
  },
);

test('what a session is restored from is fetched before its next turn, which computes a page at most beyond what it adds', async () => {
  const first = await Engine.load({ kvTokens: 4096, cache: { dir } });
  const session = first.session({ system: SYSTEM, ...greedy });
  await session.generate('What can you do?');
  const { lastTurn } = session;
  if (!lastTurn) throw new Error('no turn');
  const kept = Math.floor((session.tokens.length - 1) / 32);
  const goesOn = await session.generate('And what else?');
  await first.close();
  // As of a model that is slow to compute: on any machine fetching pays, and has time.
  const policy = { cost: { step: 1e9, prefill: 1e10 } };
  for (let tries = 1; ; tries++) {
    const second = await Engine.load({ kvTokens: 4096, policy, cache: { dir } });
    const restored = second.session({ system: SYSTEM, ...greedy });
    while ((await second.stats()).pagesDisk < kept) await setTimeout(5); // it has looked into the directory
    restored.restore('What can you do?', lastTurn);
    while ((await second.stats()).pagesLoaded + (await second.stats()).pagesLate < kept) await setTimeout(5);
    const { pagesLate, prefillTokens } = await second.stats();
    const { tokens, usage } = await restored.generate('And what else?');
    await second.close();
    expect(prefillTokens).toBe(0);
    expect([...tokens]).toEqual([...goesOn.tokens]);
    if (pagesLate > 0 && tries < 3) continue;
    expect(usage.hits.device).toBeGreaterThanOrEqual(kept * 32);
    return;
  }
});

test('a directory that cannot be made is no error: the reason is told by info, stats, a decision and one warning', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const heard: string[] = [];
  for (let again = 0; again < 2; again++) {
    const engine = await Engine.load({ kvTokens: 4096, cache: { dir: '/proc/none/other' } });
    const listening = listenTo(engine, heard);
    const { tokens } = await engine.generate(messages, greedy);
    expect(tokens.length).toBeGreaterThan(0);
    expect(engine.info.cacheDir).toBe('');
    expect(engine.info.cacheReason).toContain('/proc/none/other');
    expect((await engine.stats()).disk.error).toBe(engine.info.cacheReason);
    await engine.close();
    await listening;
  }
  await setTimeout(0);
  process.off('warning', listen);
  expect(heard[0]).toMatch(/^no page is kept on disk: \/proc\/none\/other/);
  expect(warnings.filter((warning) => 'code' in warning && warning.code === 'BANYAN_DISK_CACHE')).toHaveLength(1);
});
