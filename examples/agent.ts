/** npx tsx examples/agent.ts [model]: an agent with a tool, its events and its bill. */

import { Agent, defineTool, Engine } from 'banyan';
import { z } from 'zod';

const engine = await Engine.load({ model: process.argv[2] });

const stock = defineTool({
  name: 'check_stock',
  description: 'Check how many units of a product are in stock',
  input: z.object({ product: z.string() }),
  execute: ({ product }) => ({ product, quantity: product.length * 3 }),
});
const agent = new Agent({
  engine,
  system: 'You are a helpful assistant.',
  tools: [stock],
  temperature: 0,
  maxTokens: 128,
  forceTools: 1, // the first step must call a tool, even on a model that would not
});

const run = agent.run('How many red lamps are in stock?');
for await (const event of run) {
  if (event.type === 'tool-call') console.log('calls', event.call.name, event.call.arguments);
  if (event.type === 'tool-result') console.log('gets', event.outcome.content);
  if (event.type === 'text') process.stdout.write(event.text);
}
const { steps } = await run;
console.log();
for (const { index, usage } of steps) {
  console.log(`step ${index + 1}: ${usage.cachedTokens} of ${usage.promptTokens} prompt tokens were cached`);
}

await engine.close();
