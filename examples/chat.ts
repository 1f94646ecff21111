/** npx tsx examples/chat.ts [model]: a conversation on the terminal. Only what is new is computed in each turn. */
import { createInterface } from 'node:readline';
import { Engine } from 'banyan';

const engine = await Engine.load({ model: process.argv[2] });
const session = engine.session({ maxTokens: 256, temperature: 0 });

const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' });
lines.prompt();
for await (const line of lines) {
  const turn = session.generate(line);
  for await (const event of turn) if (event.type === 'text') process.stdout.write(event.text);
  const { usage } = await turn;
  console.log(`\n[${usage.cachedTokens} of ${usage.promptTokens} prompt tokens were cached]`);
  lines.prompt();
}

await engine.close();
