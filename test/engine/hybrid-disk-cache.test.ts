import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import type { Turn } from '../../src/engine/turn.js';
import { stateAt } from '../../src/inspector/page/kept-beside.js';
import { rowsOf } from '../../src/native/snapshot.js';
import { openEngine } from '../../testing/engine/random-engine.js';

/*
 * Models with recurrent layers on disk: pages and saved states, found by the next engine. Each prompt is computed in the chunks in
 * which it is computed without a disk, so the log probabilities are the same bit for bit: a wrong state would show.
 */

const HYBRIDS = ['qwen35', 'granitehybrid', 'lfm2', 'mamba', 'rwkv6', 'rwkv7'] as const;
const SYSTEM = 'The ferry leaves at nine and comes back before noon, unless the wind turns. '.repeat(12);
const turn = { temperature: 0, maxTokens: 8, logprobs: 1, durable: true };
// As of a model that is slow to compute: loading pays, and has time on any machine.
const policy = { cost: { step: 1e9, prefill: 1e10 } };

/** Of the store's files: a header, then slots of whole blocks. */
const HEADER = 4096;
const BLOCK = 4096;

/** A bit of each of the first slots. */
function flip(file: Buffer, slot: number): void {
  for (let n = 0, at = HEADER + 100; n < 4 && at < file.length; n++, at += slot + 1) {
    file.writeUInt8(file.readUInt8(at) ^ 1, at);
  }
}

/** Each whole, in the other's place. */
function exchange(file: Buffer, slot: number): void {
  const [a, b] = [0, 1].map((n) => Buffer.from(file.subarray(HEADER + n * slot, HEADER + (n + 1) * slot)));
  b?.copy(file, HEADER);
  a?.copy(file, HEADER + slot);
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'banyan-states-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = (architecture: (typeof HYBRIDS)[number], options = {}) =>
  openEngine({ architecture }, { kvTokens: 4096, policy, cache: { dir, bytes: 2 ** 28 }, ...options });

/** What was there at the start is known. */
async function opened(architecture: (typeof HYBRIDS)[number]): Promise<Engine> {
  const engine = await open(architecture);
  while ((await engine.stats()).statesDisk < 2);
  return engine;
}

describe.each(HYBRIDS)('%s', (architecture) => {
  test('a session that is restored in another process computes what its turn adds, and says the same bit for bit', async () => {
    const first = await open(architecture);
    expect(first.info.cacheReason).toBe('');
    const session = first.session({ system: SYSTEM, ...turn });
    await session.generate('What?');
    const { lastTurn } = session;
    if (!lastTurn) throw new Error('no turn');
    const goesOn = await session.generate('And then?');
    await first.close();

    await using second = await opened(architecture);
    const restored = second.session({ system: SYSTEM, ...turn });
    restored.restore('What?', lastTurn);
    const { logprobs, usage } = await restored.generate('And then?');
    expect(logprobs).toEqual(goesOn.logprobs);
    expect(usage.promptTokens - (usage.cachedTokens ?? 0)).toBe(
      goesOn.usage.promptTokens - (goesOn.usage.cachedTokens ?? 0),
    );
    const { statesRead, prefillTokens, hitTokens } = await second.stats();
    expect(statesRead).toBe(1);
    expect(prefillTokens).toBe(usage.promptTokens - (usage.cachedTokens ?? 0));
    expect(usage.hits.disk + usage.hits.device).toBe(usage.cachedTokens);
    expect(hitTokens.disk).toBe(usage.hits.disk);
    const { nodes } = await second.snapshot();
    const told = rowsOf(nodes).map((node) => stateAt({ ...node }));
    expect(told).toContain('the state at its end is saved in memory and on disk');
    expect(told).toContain('the state at its end is saved in memory');
  });

  test('another conversation with the same instructions computes only its own', async () => {
    const first = await open(architecture);
    await first.session({ system: SYSTEM, ...turn }).generate('What?');
    await first.close();
    await using second = await opened(architecture);
    const prompt = [
      { role: 'system' as const, content: SYSTEM },
      { role: 'user' as const, content: 'Who?' },
    ];
    expect((await second.explain(prompt)).reason).toBe('on-disk');
    const { usage } = await second.session({ system: SYSTEM, ...turn }).generate('Who?');
    expect(usage.hits.disk).toBeGreaterThan(500);
    expect(usage.promptTokens - usage.hits.disk).toBeLessThan(32);
  });

  test('another tenant finds nothing', async () => {
    const first = await open(architecture);
    await first.session({ system: SYSTEM, ...turn, tenant: 'one' }).generate('What?');
    await first.close();
    await using second = await opened(architecture);
    const { usage } = await second.session({ system: SYSTEM, ...turn, tenant: 'two' }).generate('What?');
    expect(usage.hits.disk).toBe(0);
  });
});

/** What a process had on disk when it was killed, some way into its next turn. */
async function turnsUntilKilled(architecture: string, least: number): Promise<Turn[]> {
  const script = ['--import', 'tsx', 'test/support/hybrid-until-killed.ts', architecture, dir, SYSTEM];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const turns: Turn[] = [];
  for await (const line of createInterface(child.stdout)) {
    turns.push(JSON.parse(line) as Turn);
    if (turns.length === least) child.kill('SIGKILL');
  }
  expect(await gone).toEqual([null, 'SIGKILL']);
  return turns;
}

test.each(['qwen35', 'mamba', 'rwkv7'] as const)(
  'kill -9 of a process that writes states of %s: the next one begins at the last, and says the same',
  async (architecture) => {
    const turns = await turnsUntilKilled(architecture, 3);
    await using second = await opened(architecture);
    await using plain = await openEngine({ architecture }, { kvTokens: 4096 });
    const answers = [];
    for (const engine of [second, plain]) {
      const session = engine.session({ system: SYSTEM, ...turn });
      for (const [n, done] of turns.entries()) session.restore(`Question ${n}?`, done);
      answers.push(await session.generate('And then?'));
    }
    const [warm, cold] = answers;
    expect([...(warm?.tokens ?? [])]).toEqual([...(cold?.tokens ?? [])]);
    expect(warm?.usage.hits.disk ?? 0).toBeGreaterThan(500);
    expect((warm?.usage.promptTokens ?? 0) - (warm?.usage.cachedTokens ?? 0)).toBeLessThan(40);
    expect((await second.stats()).disk.corrupt).toBe(0);
  },
);

const DAMAGE: [string, (file: Buffer, slot: number) => void][] = [
  ['bits flipped', flip],
  ['slots exchanged', exchange],
];
test.each(DAMAGE)('states with %s are computed again, and the answer is the same bit for bit', async (_, damage) => {
  const first = await open('qwen35');
  const session = first.session({ system: SYSTEM, ...turn });
  await session.generate('What?');
  const slotBytes = first.info.stateBytes + first.info.pageBytes;
  await first.close();
  for (const folder of await readdir(dir)) {
    if (!folder.endsWith('-states')) continue;
    const path = join(dir, folder, '0.slots');
    const file = await readFile(path);
    damage(file, Math.ceil(slotBytes / BLOCK) * BLOCK);
    await writeFile(path, file);
  }
  await using second = await opened('qwen35');
  await using plain = await openEngine({ architecture: 'qwen35' }, { kvTokens: 4096 });
  const answers = [];
  for (const engine of [second, plain])
    answers.push(await engine.session({ system: SYSTEM, ...turn }).generate('Who?'));
  expect(answers[0]?.logprobs).toEqual(answers[1]?.logprobs);
  expect(answers[0]?.usage.hits.disk).toBe(0);
  expect((await second.stats()).disk.corrupt).toBeGreaterThan(0);
});

test('a state of other weights, of another cache type or page size is not used', async () => {
  const first = await open('qwen35');
  await first.session({ system: SYSTEM, ...turn }).generate('What?');
  await first.close();
  const others = [
    openEngine({ architecture: 'qwen35', seed: 2 }, { kvTokens: 4096, policy, cache: { dir } }),
    open('qwen35', { kvType: 'f32' }),
    open('qwen35', { pageTokens: 16 }),
  ];
  for (const opening of others) {
    await using engine = await opening;
    const { usage } = await engine.session({ system: SYSTEM, ...turn }).generate('What?');
    expect(usage.hits.disk).toBe(0);
  }
});
