import { expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.js';
import { serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { callText } from '../../testing/engine/scripted-text.js';
import {
  chatReplay,
  messagesReplay,
  REPLAY_TURNS,
  type ReplayCounts,
  replay,
  responsesReplay,
} from '../../testing/workloads/coding-agent.js';

// Twenty turns of a coding agent: what was said is read from the cache, to the token.

const FACES = [
  ['messages', messagesReplay],
  ['chat completions', chatReplay],
  ['responses', responsesReplay],
] as const;

async function all(turns: AsyncIterable<ReplayCounts>): Promise<ReplayCounts[]> {
  const counts: ReplayCounts[] = [];
  for await (const count of turns) counts.push(count);
  return counts;
}

/** Of all tokens of the prompts from the second turn on: the part that was read from the cache. */
function partRead(counts: readonly ReplayCounts[]): number {
  const later = counts.slice(1);
  return later.reduce((sum, { read }) => sum + read, 0) / later.reduce((sum, { prompt }) => sum + prompt, 0);
}

test.each(FACES)('%s', { timeout: 120_000 }, async (face, make) => {
  await using engine = await Engine.load();
  await using server = await serve(engine, { port: 0 });
  const counts = await all(replay(server.url, make()));
  expect(counts).toHaveLength(REPLAY_TURNS);
  expect(partRead(counts)).toBeGreaterThan(0.97);
  for (const [turn, { prompt, read }] of counts.entries()) {
    const before = counts[turn - 1];
    if (before) expect(read, `turn ${turn}: of ${prompt}`).toBe(before.prompt + before.output);
  }
  expect((await engine.stats()).pagesPinned > 0).toBe(face === 'messages');
});

test('reasoning goes back with its signature, and nothing of it is lost', async () => {
  let turn = 0;
  const { engine, native } = scripted((_prompt, { chat }) => {
    const call = callText('c', 'read_file', `{"path":"/${turn}"}`);
    return `(thought ${turn++})${turn % 5 === 0 || !chat ? 'Done.' : call}`;
  });
  await using server = await serve(engine, { port: 0 });
  const counts = await all(replay(server.url, messagesReplay()));
  expect(partRead(counts)).toBeGreaterThan(0.97);
  const last = native.requests.at(-1)?.prompt ?? new Int32Array(0);
  for (let earlier = 0; earlier < REPLAY_TURNS - 1; earlier++) {
    expect(engine.detokenize(last)).toContain(`(thought ${earlier})`);
  }
});
