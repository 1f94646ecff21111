/** npx tsx examples/structured.ts [model]: answers as typed objects; their common instructions are computed once. */
import { Engine } from 'banyan';
import { z } from 'zod';

const engine = await Engine.load({ model: process.argv[2] });

const schema = z.object({ subject: z.enum(['units', 'weather', 'notes']) });
const system = 'Classify the request as units, weather or notes. Answer with one word.';
const requests = [
  'How many kilometres are 26 miles?',
  'Is it raining in Oslo?',
  'What do my notes say about the ferry?',
];

// The form is always filled; how well is up to the model: the small one of the package was trained to say one word.
const answers = requests.map(async (request) => {
  const messages = [
    { role: 'system' as const, content: system },
    { role: 'user' as const, content: request },
  ];
  const { object, usage } = await engine.generate(messages, { schema, temperature: 0 });
  return { request, subject: object?.subject, cached: `${usage.cachedTokens} of ${usage.promptTokens}` };
});
console.table(await Promise.all(answers));

await engine.close();
