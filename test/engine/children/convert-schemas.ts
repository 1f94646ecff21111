// Prompts with schemas and tools that llama.cpp's own converter would warn of. The parent looks at what is printed.
import { BanyanError } from '../../../src/kit/errors.js';
import { ENDING_MODEL, openEngine } from '../../../testing/engine/random-engine.js';

const engine = await openEngine(ENDING_MODEL);
const schemas: Record<string, unknown>[] = [
  { type: 'string', pattern: 'no anchors \\d' },
  { type: 'string', pattern: '^(?=a)\\p{L}$', minLength: 2 },
  { type: 'string', format: 'no-such-format' },
  { type: 'array', items: { type: 'integer' }, maxItems: 2_000 },
  { type: 'string', pattern: '(a|b+)\\1' },
];
const refused = (error: unknown) => {
  if (!(error instanceof BanyanError)) throw error;
};
for (const schema of schemas) {
  const tools = [{ name: 'mail', description: 'Sends', parameters: { type: 'object', properties: { to: schema } } }];
  const attempts = [
    () => engine.generate('x', { schema, maxTokens: 2 }),
    () => engine.generate([{ role: 'user', content: 'x' }], { schema, maxTokens: 2 }),
    () => engine.generate([{ role: 'user', content: 'x' }], { tools, toolChoice: 'required', maxTokens: 2 }),
  ];
  for (const attempt of attempts) {
    try {
      await attempt();
    } catch (error) {
      refused(error);
    }
  }
}
await engine.close();
