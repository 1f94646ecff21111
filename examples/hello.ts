/** npx tsx examples/hello.ts [model]: one answer, streamed, and what it cost. */
import { Engine } from 'banyan';

const engine = await Engine.load({ model: process.argv[2] });

const generation = engine.generate([{ role: 'user', content: 'Hello' }], { temperature: 0, maxTokens: 64 });
for await (const event of generation) if (event.type === 'text') process.stdout.write(event.text);
const { usage } = await generation; // the same generation, whole
console.log(`\n${usage.promptTokens} prompt tokens, ${usage.outputTokens} output, TTFT ${usage.ttftMs.toFixed(0)} ms`);

await engine.close();
