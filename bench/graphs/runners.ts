import { Template } from '../../src/graph/template.js';
import { type Engine, type Plan, type Ref, Workflow } from '../../src/index.js';
import { post } from '../../testing/remote/llama-server.js';
import type { CallGraph } from './definitions.js';

/** Tokens of an answer: it is cut there. */
const LONGEST = 20;

/** Answers are of small letters, which are tokens of their own: a text has one reading. A byte's token has the byte's number. */
const LETTERS = Object.fromEntries(Array.from({ length: 26 }, (_, letter) => ['a'.charCodeAt(0) + letter, 50]));

/** What one call gave and cost. */
export interface Answer {
  text: string;
  promptTokens: number;
  computed: number;
  output: number;
}

/** A way to run a graph: the answers in the order of its calls. */
export type Runner = (graph: CallGraph) => Promise<Answer[]>;

/** The graph as a workflow of Banyan. */
export function toPlan({ calls }: CallGraph): Plan<Record<string, string>> {
  const flow = new Workflow();
  const nodes: Ref<string>[] = [];
  for (const { name, system, follows, prompt } of calls) {
    const parts = prompt.map((part) => (typeof part === 'string' ? part : (nodes[part] as Ref<string>).node));
    const before = follows === undefined ? { system } : { follows: nodes[follows] };
    nodes.push(
      flow.ask(name, {
        prompt: new Template(parts),
        temperature: 0,
        maxTokens: LONGEST,
        logitBias: LETTERS,
        ...before,
      }),
    );
  }
  return flow.plan(Object.fromEntries(calls.map(({ name }, index) => [name, nodes[index] as Ref<string>])));
}

/** Runs graphs as workflows of an engine. */
export function byWorkflow(engine: Engine): Runner {
  return async (graph) => {
    const plan = toPlan(graph);
    if (plan.merged.size > 0) throw new Error('equal calls: one runner would do less');
    const { outputs, nodes } = await plan.run(engine).result;
    const reports = new Map(nodes.map((report) => [report.name, report]));
    return graph.calls.map(({ name }) => {
      const { promptTokens = 0, cachedTokens = 0, outputTokens: output = 0 } = reports.get(name)?.usage ?? {};
      return { text: outputs[name] ?? '', promptTokens, computed: promptTokens - (cachedTokens ?? 0), output };
    });
  };
}

interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

interface Completion {
  choices: { message: { content: string } }[];
  usage: { prompt_tokens: number; completion_tokens: number };
  timings: { prompt_n: number };
}

/**
 * Runs graphs as a few lines of a program do that has a chat server: every call is sent as soon as all that it reads has answered, with
 * its whole conversation.
 */
export function byServer(url: string): Runner {
  return ({ calls }) => {
    const asked: Promise<{ answer: Answer; said: ChatMessage[] }>[] = [];
    for (const { system, follows, prompt } of calls) {
      const ask = async () => {
        const parts = prompt.map(async (part) => (typeof part === 'string' ? part : (await asked[part])?.answer.text));
        const before: ChatMessage[] = system === undefined ? [] : [{ role: 'system', content: system }];
        const said = follows === undefined ? before : ((await asked[follows])?.said ?? []);
        const messages: ChatMessage[] = [...said, { role: 'user', content: (await Promise.all(parts)).join('') }];
        const body = { messages, temperature: 0, max_tokens: LONGEST, logit_bias: LETTERS, cache_prompt: true };
        const { choices, usage, timings } = (await post(`${url}/v1/chat/completions`, body)) as Completion;
        const text = choices[0]?.message.content ?? '';
        const answer = {
          ...{ text, promptTokens: usage.prompt_tokens },
          ...{ computed: timings.prompt_n, output: usage.completion_tokens },
        };
        return { answer, said: [...messages, { role: 'assistant' as const, content: text }] };
      };
      asked.push(ask());
    }
    return Promise.all(asked).then((all) => all.map(({ answer }) => answer));
  };
}
