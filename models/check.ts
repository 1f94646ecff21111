/**
 * Runs the shipped model through Banyan on held-out dialogues: npx tsx models/check.ts [dialogues.jsonl] [model.gguf]
 *
 * Greedy and free-running; every assistant turn is generated after the true history, which is the same as running the whole dialogue as long
 * as all turns are right, and a dialogue counts only when they are. Format of the file: models/train/MEASURED.md.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { type AssistantMessage, type ChatMessage, Engine, type GenerationResult, type ToolSpec } from '../src/index.js';

interface Expected {
  role: 'assistant';
  content: string;
  calls?: [name: string, input: unknown][];
}

interface Dialogue {
  suite: string;
  kind: string;
  system: string;
  tools: { function: ToolSpec }[];
  messages: (Expected | { role: 'user' | 'tool'; content: string })[];
}

interface Turn {
  history: ChatMessage[];
  expected: Expected;
}

/** Turns, dialogues: [right, all]. */
interface Tally {
  calls: [number, number];
  answers: [number, number];
  dialogues: [number, number];
}

/** Tokens over all requests: computed ones went through the model, output ones are among them. */
const spent = { prompt: 0, cached: 0, computed: 0, output: 0 };

function toAssistant(expected: Expected): AssistantMessage {
  const toolCalls = expected.calls?.map(([name, input], index) => {
    return { id: `call${String(index).padStart(5, '0')}`, name, arguments: JSON.stringify(input), input };
  });
  return { role: 'assistant', content: expected.content, toolCalls };
}

function turnsOf(dialogue: Dialogue): Turn[] {
  const turns: Turn[] = [];
  const history: ChatMessage[] = dialogue.system ? [{ role: 'system', content: dialogue.system }] : [];
  let calls: AssistantMessage['toolCalls'] = [];
  let results = 0;
  for (const message of dialogue.messages) {
    if (message.role === 'assistant') {
      turns.push({ history: [...history], expected: message });
      const assistant = toAssistant(message);
      history.push(assistant);
      calls = assistant.toolCalls ?? [];
      results = 0;
    } else if (message.role === 'tool') {
      const call = calls?.[results++];
      history.push({ role: 'tool', toolCallId: call?.id ?? '', name: call?.name ?? '', content: message.content });
    } else {
      history.push({ role: 'user', content: message.content });
    }
  }
  return turns;
}

function isRight(expected: Expected, result: GenerationResult): boolean {
  const calls = result.toolCalls.map(({ name, input }) => [name, input]);
  return expected.calls
    ? isDeepStrictEqual(calls, expected.calls)
    : calls.length === 0 && result.text.trim() === expected.content;
}

async function checkDialogue(engine: Engine, dialogue: Dialogue, tally: Tally): Promise<void> {
  const tools = dialogue.tools.map((tool) => tool.function);
  let allRight = true;
  for (const { history, expected } of turnsOf(dialogue)) {
    const result = await engine.generate(history, { tools, temperature: 0, maxTokens: 400 });
    spent.prompt += result.usage.promptTokens;
    spent.cached += result.usage.cachedTokens ?? 0;
    spent.computed += result.usage.computedTokens;
    spent.output += result.usage.outputTokens;
    const right = isRight(expected, result);
    const count = expected.calls ? tally.calls : tally.answers;
    count[0] += Number(right);
    count[1] += 1;
    allRight &&= right;
  }
  tally.dialogues[0] += Number(allRight);
  tally.dialogues[1] += 1;
}

function percent([right, all]: [number, number]): string {
  return all === 0 ? '' : `${right}/${all} = ${((100 * right) / all).toFixed(1)}%`;
}

const path = process.argv[2] ?? fileURLToPath(new URL('./held-out.jsonl', import.meta.url));
const model = process.argv[3];
const dialogues = readFileSync(path, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Dialogue);
await using engine = await Engine.load(model ? { model } : {});
const started = performance.now();
const tallies = new Map<string, Tally>();
await Promise.all(
  dialogues.map((dialogue) => {
    const tally = tallies.get(dialogue.suite) ?? { calls: [0, 0], answers: [0, 0], dialogues: [0, 0] };
    tallies.set(dialogue.suite, tally);
    return checkDialogue(engine, dialogue, tally);
  }),
);
console.log(`${'suite'.padEnd(14)}${'calls exact'.padEnd(22)}${'answers exact'.padEnd(22)}whole dialogues exact`);
for (const [suite, { calls, answers, dialogues: whole }] of tallies) {
  console.log(`${suite.padEnd(14)}${percent(calls).padEnd(22)}${percent(answers).padEnd(22)}${percent(whole)}`);
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `\n${seconds.toFixed(1)} s, ${Math.round(spent.computed / seconds)} tokens/s through the model: ${spent.prompt} prompt tokens ` +
    `(${spent.cached} cached), ${spent.output} output tokens`,
);
