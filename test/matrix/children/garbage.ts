/** argv[2]: engine | running | format | reopen. Needs --expose-gc. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { randomPrompt } from '../../../testing/engine/prompts.js';
import { TestEngine } from '../../../testing/engine/test-engine.js';

const collect = globalThis.gc as () => void;
const MB = 1 << 20;

/** Collects until it holds, at most 100 times. Asking a WeakRef keeps its target to the end of the turn: hence two turns. */
async function collectUntil(done: () => boolean): Promise<void> {
  for (let round = 0; round < 100 && !done(); round++) {
    await nextTurn();
    collect();
    await nextTurn();
  }
}

const scenarios: Record<string, () => Promise<string>> = {
  async engine() {
    const handle = await (async () => {
      const engine = await TestEngine.open();
      await engine.run(randomPrompt(1, 20));
      return new WeakRef(engine.native);
    })();
    await collectUntil(() => handle.deref() === undefined);
    return handle.deref() === undefined ? 'collected' : 'still there';
  },

  async running() {
    const done = await (async () => (await TestEngine.open()).run(randomPrompt(1, 20), { maxTokens: 200 }))();
    collect();
    return `${done.tokens.length} tokens`;
  },

  async format() {
    const engine = await TestEngine.open({ architecture: 'qwen2', logitBias: { '"': 8, '}': 8 } });
    for (let i = 0; i < 20; i++) {
      const running = await (async () => {
        const { tokens, format } = await engine.native.renderChat({
          messages: [{ role: 'user', content: `hello ${i}` }],
          tools: [{ type: 'function', function: { name: 'now', parameters: { type: 'object', properties: {} } } }],
          toolChoice: 'required',
          parallelToolCalls: false,
          addGenerationPrompt: true,
          jsonSchema: '',
          grammar: '',
          enableThinking: false,
          continueAnswer: false,
          templateArgs: {},
        });
        return i % 2 === 0 ? engine.submit(tokens, { chat: format, maxTokens: 30 }) : undefined;
      })();
      collect();
      await nextTurn();
      collect();
      await running?.done;
    }
    await engine.verifyIdle();
    await engine.close();
    return 'ok';
  },

  async reopen() {
    const rss: number[] = [];
    for (let i = 0; i < 20; i++) {
      const engine = await TestEngine.open({}, { kvTokens: 8192 });
      await engine.run(randomPrompt(i, 100));
      await engine.close();
      collect();
      rss.push(process.memoryUsage.rss());
    }
    const growth = (rss[19] as number) - (rss[9] as number);
    return growth < 16 * MB ? 'bounded' : rss.map((bytes) => Math.round(bytes / MB)).join(' ');
  },
};

console.log(await scenarios[process.argv[2] as string]?.());
