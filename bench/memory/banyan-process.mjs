// An engine in a process of its own, of the built package: no TypeScript loader counts. Started by memory.ts with an IPC
// channel; takes `{ load }`, `{ chat }` and `{ fill }`, and answers each with what the step says of itself.
import { Engine } from '../../dist/index.js';

let engine;

const steps = {
  async load(options) {
    engine = await Engine.load(options);
    const { poolBytes } = engine.info;
    return { poolBytes };
  },
  async chat({ question, maxTokens }) {
    const { usage } = await engine.generate([{ role: 'user', content: question }], { maxTokens, temperature: 0 });
    return { outputTokens: usage.outputTokens };
  },
  /** Prompts of their own until so many tokens are cached. */
  async fill({ tokens, each }) {
    for (let from = 0; from < tokens; from += each) {
      const prompt = Array.from({ length: Math.min(each, tokens - from) }, (_, i) => 300 + ((from * 7 + i * 31) % 900));
      await engine.generate(prompt, { maxTokens: 1 });
    }
    return { poolUsedBytes: engine.info.poolUsedBytes };
  },
  async close() {
    await engine?.close();
    process.disconnect();
  },
};

process.on('message', async ({ step, options }) => {
  try {
    const said = await steps[step](options);
    if (process.connected) process.send({ said: said ?? {} });
  } catch (error) {
    process.send({ error: String(error) });
  }
});
