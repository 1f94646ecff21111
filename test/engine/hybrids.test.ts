import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.js';
import { openEngine } from '../../testing/engine/random-engine.js';

/*
 * Models with recurrent layers go on from saved states. One token a step: the same bits with and without reuse, so that a wrong
 * state, however little it changes, shows in the log probabilities.
 */

const HYBRIDS = ['qwen35', 'granitehybrid', 'lfm2', 'mamba'] as const;
const turn = { maxTokens: 8, temperature: 0, logprobs: 1 };
const WORDS = 'The ferry leaves at nine and comes back before noon, unless the wind turns. ';
const open = (architecture: (typeof HYBRIDS)[number], options = {}) =>
  openEngine({ architecture }, { maxBatchTokens: 1, kvTokens: 8_192, ...options });

/** Six turns of a conversation, a branch of it, and another conversation between: what each said, and what it computed. */
async function talk(engine: Engine) {
  const session = engine.session({ system: WORDS.repeat(2) });
  const said = [];
  for (let n = 0; n < 6; n++) {
    said.push(await session.generate(`${n}. ${WORDS}`, turn));
    if (n === 2) said.push(await engine.generate([{ role: 'user', content: 'Is it late?' }], turn));
  }
  said.push(await session.fork().generate('And the other way?', turn));
  return said;
}

describe.each(HYBRIDS)('%s', (architecture) => {
  test('says bit for bit what it says without reuse, and computes what is new', async () => {
    await using engine = await open(architecture);
    await using plain = await open(architecture, { prefixCache: false });
    const [reused, anew] = [await talk(engine), await talk(plain)];
    expect(reused.map(({ logprobs }) => logprobs)).toEqual(anew.map(({ logprobs }) => logprobs));
    const { statesLoaded, statesSaved } = await engine.stats();
    expect(statesLoaded).toBeGreaterThanOrEqual(6);
    expect(statesSaved).toBeGreaterThanOrEqual(6);
    const turns = reused.filter((_, n) => n !== 3).map(({ usage }) => usage);
    for (const [n, { promptTokens, cachedTokens }] of turns.entries()) {
      const { promptTokens: before, outputTokens } = turns[n - 1] ?? { promptTokens: 0, outputTokens: 0 };
      const news = promptTokens - before - outputTokens;
      expect(promptTokens - (cachedTokens ?? 0)).toBeLessThanOrEqual(news + 1);
    }
  });

  test('a call without a session goes on from where the last one was answered', async () => {
    await using engine = await open(architecture);
    const messages: { role: 'user' | 'assistant'; content: string }[] = [{ role: 'user', content: WORDS }];
    await engine.generate(messages, turn);
    messages.push({ role: 'assistant', content: 'Not as it was said.' }, { role: 'user', content: 'When then?' });
    const { usage } = await engine.generate(messages, turn);
    expect(usage.cachedTokens).toBeGreaterThan(engine.tokenize(WORDS).length);
  });

  test('what a copy of a state costs is measured at load', async () => {
    await using engine = await open(architecture);
    expect((await engine.stats()).cost.state).toBeGreaterThan(0);
  });

  if (architecture === 'lfm2') {
    test('states smaller than a page are saved at the end of each chunk: a shorter prompt is cached to its last token', async () => {
      await using engine = await open(architecture);
      expect(engine.info.stateBytes).toBeLessThan(engine.info.pageBytes);
      await engine.generate(WORDS.repeat(3), turn);
      const { usage } = await engine.generate(WORDS.repeat(2), turn);
      expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
    });
    return;
  }

  test('a prompt whose pages are cached further than any state says so', async () => {
    await using engine = await open(architecture);
    await engine.generate(WORDS.repeat(3), turn);
    const explained = await engine.explain(WORDS.repeat(2));
    expect(explained.reason).toBe('no-state');
    const { usage } = await engine.generate(WORDS.repeat(2), turn);
    expect(usage.miss).toMatchObject({ reason: 'no-state', matched: 0 });
    expect(usage.miss.paged).toBeGreaterThan(20);
  });
});
