import { describe, expect, test } from 'vitest';
import { expectSameGreedy } from '../../testing/engine/greedy.js';
import { randomPrompt } from '../../testing/engine/prompts.js';
import { greedy, type Outcome, TestEngine } from '../../testing/engine/test-engine.js';

// What agents do, on models with recurrent layers: every request gives what it gives on an engine that reuses nothing,
// and computes again only what no saved state covers.

const settings = { maxTokens: 12, sampling: { ...greedy, logprobs: 3 } };
const PROMPT = randomPrompt('main', 90);

type Numbers = readonly number[];

describe.each(['mamba', 'lfm2', 'qwen35', 'granitehybrid'] as const)('%s', (architecture) => {
  /** Runs a scenario on both engines, and compares what each of its requests gave. */
  async function likeWithoutReuse(
    scenario: (run: (prompt: Numbers) => Promise<Outcome>, engine: TestEngine) => Promise<void>,
    changes: Parameters<typeof TestEngine.open>[1] = {},
  ): Promise<void> {
    await using plain = await TestEngine.open({ architecture }, { prefixCache: false });
    await using engine = await TestEngine.open({ architecture }, changes);
    const run = async (prompt: Numbers) => {
      const outcome = await engine.run(prompt, settings);
      expectSameGreedy(outcome, await plain.run(prompt, settings));
      return outcome;
    };
    await scenario(run, engine);
    await engine.verifyIdle();
  }
  const afterwards = (prompt: Numbers, { tokens }: Outcome, what: string) => [
    ...prompt,
    ...tokens,
    ...randomPrompt(what, 25),
  ];

  test('a session computes what is new, and at most one token a turn more', async () => {
    await likeWithoutReuse(async (run) => {
      let prompt: number[] = PROMPT;
      for (let turn = 0; turn < 5; turn++) {
        const outcome = await run(prompt);
        const next = afterwards(prompt, outcome, `turn ${turn}`);
        if (turn > 0) expect(outcome.usage?.cachedTokens).toBe(prompt.length - 26);
        prompt = next;
      }
    });
  });

  test('sub-agents between two turns cost the main agent nothing', async () => {
    await likeWithoutReuse(async (run) => {
      const first = await run(PROMPT);
      await Promise.all(['a', 'b', 'c'].map((name) => run(randomPrompt(name, 80))));
      const next = afterwards(PROMPT, first, 'results');
      expect((await run(next)).usage?.cachedTokens).toBe(PROMPT.length + 11);
    });
  });

  test('forks of one answer begin from its state, at once', async () => {
    await likeWithoutReuse(async (run) => {
      const parent = await run(PROMPT);
      const forks = await Promise.all(['x', 'y', 'z'].map((name) => run(afterwards(PROMPT, parent, name))));
      for (const fork of forks) expect(fork.usage?.cachedTokens).toBe(PROMPT.length + 11);
    });
  });

  test('a retried prompt is computed once more at most', async () => {
    await likeWithoutReuse(async (run) => {
      await run(PROMPT);
      await run(PROMPT);
      expect((await run(PROMPT)).usage?.cachedTokens).toBe(PROMPT.length - 1);
    });
  });

  test('a cancelled request leaves nothing wrong behind', async () => {
    await likeWithoutReuse(async (run, engine) => {
      for (let i = 0; i < 4; i++) {
        const cut = engine.submit(PROMPT, { ...settings, maxTokens: 200 });
        if (i % 2 === 0) await cut.started;
        engine.native.cancel(cut.id);
        await cut.done;
        await run([...PROMPT, ...randomPrompt(i, 10 * i + 1)]);
      }
    });
  });

  test('a pinned prefix survives what else is computed', async () => {
    await likeWithoutReuse(
      async (run, engine) => {
        const first = await run(PROMPT);
        const history = [...PROMPT, ...first.tokens.slice(0, -1)];
        const pin = await engine.native.pin('', Int32Array.from(history), 600_000, 1);
        expect(pin.tokens).toBe(history.length);
        for (let i = 0; i < 12; i++) await run(randomPrompt(`other ${i}`, 100));
        expect((await run(afterwards(PROMPT, first, 'later'))).usage?.cachedTokens).toBe(history.length);
        await engine.native.unpin(pin.id);
      },
      { kvTokens: 512, maxRunning: 2 },
    );
  });

  test('preempted requests end as they would have', async () => {
    await likeWithoutReuse(
      async (run, engine) => {
        await Promise.all(Array.from({ length: 10 }, (_, i) => run([...PROMPT, ...randomPrompt(i, 20 + 9 * i)])));
        expect((await engine.stats()).finished).toBe(10);
      },
      { kvTokens: 384, maxRunning: 10, maxBatchTokens: 48 },
    );
  });
});

test.each(['mamba', 'lfm2', 'qwen35', 'granitehybrid'] as const)(
  '%s with quantised weights: requests in company give what they give alone',
  async (architecture) => {
    const model = { architecture, type: 'Q8_0', embedding: 256, headDim: 64 } as const;
    await using engine = await TestEngine.open(model, { prefixCache: false, maxRunning: 4 });
    await using single = await TestEngine.open(model, { prefixCache: false, batching: false });
    const prompts = Array.from({ length: 12 }, (_, i) => randomPrompt(i, 20 + ((i * 37) % 200)));
    const outcomes = await Promise.all(prompts.map((prompt) => engine.run(prompt, settings)));
    for (const [i, prompt] of prompts.entries())
      expectSameGreedy(outcomes[i] as Outcome, await single.run(prompt, settings));
  },
);
