/** npx tsx examples/edge-and-cloud.ts: a small model here, a larger one on another machine (here a `banyan serve` of its own), and what each cost. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { boundedFetch, Engine, failsCheck, RemoteEngine, Tiers } from 'banyan';
import { serve } from 'banyan/server';

// What is far away: an engine behind HTTP. In place of its address, that of any server which speaks OpenAI's API.
const far = await Engine.load();
const server = await serve(far, { port: 0 });
const provider = { name: 'cloud', baseURL: `${server.url}/v1`, includeUsage: true, fetch: boundedFetch };
const cloud = await RemoteEngine.connect({ chat: createOpenAICompatible(provider)('any') });

const edge = await Engine.load();
const tiers = new Tiers(
  [
    { name: 'edge', engine: edge },
    { name: 'cloud', engine: cloud, price: { input: 3, cached: 0.3, output: 15 } },
  ],
  { escalate: [failsCheck(({ text }) => text.length < 40)] }, // what is too long for this place is asked again
);

const system = 'Answer in one sentence.';
for (const content of ['Hello', 'What can you do?', 'Hello', 'What can you do?']) {
  const { result, tier } = await tiers.generate(
    [
      { role: 'system', content: system },
      { role: 'user', content },
    ],
    { temperature: 0, maxTokens: 40 },
  );
  console.log(`${tier}: ${result.text}`);
}

for (const { name, asked, escalated, promptTokens, cachedTokens, outputTokens, ms, cost } of tiers.report()) {
  const tokens = `${promptTokens} prompt tokens, ${cachedTokens} of them cached, ${outputTokens} output`;
  console.log(
    `${name}: ${asked} asked, ${escalated} passed on, ${tokens}, ${ms.toFixed(0)} ms, ${cost.toFixed(6)} dollars`,
  );
}

await Promise.all([cloud.close(), edge.close()]);
await server.close();
await far.close();
