/** npx tsx examples/workflow.ts [model]: a graph of calls; equal questions are asked once, and the best of several answers is taken. */
import { bestOf, Engine, Memo, text, Workflow } from 'banyan';

const engine = await Engine.load({ model: process.argv[2] });

const flow = new Workflow();
const request = flow.input('request');
const system = 'Classify the request as units, weather or notes. Answer with one word.';
const grammar = 'root ::= "units" | "weather" | "notes"';
const subject = flow.ask('subject', { system, prompt: text`${request}`, grammar, temperature: 0 });
const twin = flow.ask('subject again', { system, prompt: text`${request}`, grammar, temperature: 0 });
const line = flow.code('line', { request, subject, twin }, (values) => {
  return `${values.request} -> ${values.subject}${values.twin === values.subject ? '' : ' ?'}`;
});
const plan = flow.plan({ line });
console.log(plan.mermaid());

const memo = new Memo();
for (const asked of ['Is it raining in Oslo?', 'How many kilometres are 26 miles?', 'Is it raining in Oslo?']) {
  const { outputs, usage } = await plan.run(engine, { request: asked }, { memo });
  console.log(`${outputs.line} (${usage.computedTokens} tokens computed)`);
}
console.log(memo.stats);

await using session = engine.session({ maxTokens: 24 });
const best = await bestOf(session, 'Hello', { n: 4, turn: { seed: 1 } });
console.log(`best of ${best.candidates.length}: ${best.answer.text}`);
await best.session.close();

await engine.close();
