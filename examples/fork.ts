/** npx tsx examples/fork.ts [model]: one conversation, three continuations at once; their common past is computed once. */
import { Engine } from 'banyan';

const engine = await Engine.load({ model: process.argv[2] });

const trunk = engine.session({ system: 'You are a helpful assistant.', maxTokens: 32 });
await trunk.generate('Plan a day in Bergen.');

const questions = ['What if it rains?', 'What is the first stop?', 'How late will it be?'];
const branches = questions.map(async (question) => {
  const branch = trunk.fork();
  const { text, usage } = await branch.generate(question);
  return { question, text, cached: `${usage.cachedTokens} of ${usage.promptTokens}` };
});
console.table(await Promise.all(branches));

const { pagesUsed, pagesTotal, pagesCopied } = await engine.stats();
console.log(`${pagesUsed} of ${pagesTotal} pages used, ${pagesCopied} copied`);

await engine.close();
