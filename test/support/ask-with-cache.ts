import { Engine } from '../../src/index.js';

// One answer of the embedded model with pages on disk, as JSON: node --import tsx ask-with-cache.ts <directory> <system prompt>
const [dir = '', content = ''] = process.argv.slice(2);
const engine = await Engine.load({ kvTokens: 4096, cache: { dir } });
const messages = [
  { role: 'system' as const, content },
  { role: 'user' as const, content: 'What can you do?' },
];
const { tokens, usage } = await engine.generate(messages, { temperature: 0, maxTokens: 24, durable: true });
await engine.close();
process.stdout.write(JSON.stringify({ tokens: [...tokens], usage, info: engine.info }));
