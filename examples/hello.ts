/** npx tsx examples/hello.ts [model]: one answer streamed, one as JSON. */
import { z } from 'zod';
import { Engine } from '../src/index.js';

const engine = await Engine.load({ model: process.argv[2] });
const messages = [
  { role: 'system' as const, content: 'Classify the request as units, weather or notes. Answer with one word.' },
  { role: 'user' as const, content: 'How many kilometres are 26 miles?' },
];

const generation = engine.generate(messages, { temperature: 0, maxTokens: 64 });
for await (const event of generation) if (event.type === 'text') process.stdout.write(event.text);
const { usage } = await generation; // the same generation, whole
console.log(`\n${usage.promptTokens} prompt tokens, ${usage.outputTokens} output, TTFT ${usage.ttftMs.toFixed(0)} ms`);

const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
const { object } = await engine.generate(messages, { schema, temperature: 0, maxTokens: 64 });
console.log(object);

await engine.close();
