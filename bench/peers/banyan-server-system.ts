import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { serve } from '../../src/server/serve.js';
import type { System } from '../../testing/drive/system.js';
import { OpenAiSystem } from './openai-system.js';

/** Our own server and its client in one process: what HTTP costs beside the engine, the client's part included. */
export async function openBanyanServer(options: EngineOptions): Promise<System> {
  const engine = await Engine.load(options);
  const server = await serve(engine, { port: 0 });
  const client = await OpenAiSystem.open({ name: 'banyan-serve', url: `${server.url}/v1` });
  return {
    name: client.name,
    start: (prompt, outputTokens, program, options) => client.start(prompt, outputTokens, program, options),
    computed: async () => (await engine.stats()).prefillTokens,
    forget: async () => {
      await engine.clearCache();
    },
    close: async () => {
      await server.close();
      await engine.close();
    },
  };
}
