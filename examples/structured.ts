/** npx tsx examples/structured.ts [model]: answers as typed objects; their common instructions are computed once. */
import { Engine } from 'banyan';
import { z } from 'zod';

const engine = await Engine.load({ model: process.argv[2] });

const schema = z.object({ desk: z.enum(['billing', 'technical', 'shipping', 'account']) });
const system = 'Classify the request as billing, technical, shipping or account. Answer with one word.';
const requests = [
  'I was charged twice.',
  'The app crashes when I open it.',
  'My parcel has not arrived yet.',
  'I forgot my password.',
];

// The form is always filled; how well is up to the model: the small one of the package knows these desks.
const answers = requests.map(async (request) => {
  const messages = [
    { role: 'system' as const, content: system },
    { role: 'user' as const, content: request },
  ];
  const { object, usage } = await engine.generate(messages, { schema, temperature: 0 });
  return { request, desk: object?.desk, cached: `${usage.cachedTokens} of ${usage.promptTokens}` };
});
console.table(await Promise.all(answers));

await engine.close();
