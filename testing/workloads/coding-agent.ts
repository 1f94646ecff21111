/*
 * What a coding agent sends, body by body: a billing header that is new each time, long instructions and thirty tools with cache
 * marks, a system message now and then, marks that move with the conversation, reasoning with its signature. The same twenty turns on
 * three APIs; what the model says goes back as it came, as clients do it.
 */

/** One API's words for the same turns. */
export interface ReplayFace {
  /** Where the bodies go. */
  path: string;
  /** The next body. */
  body(turn: number): object;
  /** Takes the answer in, and what its tools gave or the user says next. Gives its counts of tokens. */
  take(turn: number, answer: ReplayAnswer): ReplayCounts;
}

/** Tokens of one turn: of the prompt, of it read from the cache, of the answer. */
export interface ReplayCounts {
  prompt: number;
  read: number;
  output: number;
}

/** A parsed body of an answer; each face knows its own fields. */
// biome-ignore lint/suspicious/noExplicitAny: bodies of three APIs
export type ReplayAnswer = any;

export const REPLAY_TURNS = 20;
const ANSWER_TOKENS = 40;

const VERBS = ['read', 'write', 'edit', 'list', 'search', 'run', 'diff', 'move', 'delete', 'test'];
const THINGS = ['file', 'folder', 'branch'];

/** Thirty tools, each with a few words about what it does. */
const TOOLS = VERBS.flatMap((verb) =>
  THINGS.map((thing) => ({
    name: `${verb}_${thing}`,
    description: `Use this tool to ${verb} a ${thing} of the project. Give its path, from the root on; it answers with what it did.`,
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', maxLength: 12, description: `Path of the ${thing}` },
        depth: { type: 'integer', minimum: 0, maximum: 9 },
      },
      required: ['path'],
      additionalProperties: false,
    },
  })),
);

const RULES = Array.from(
  { length: 40 },
  (_, n) => `${n + 1}. Before you change a ${THINGS[n % 3]}, look at it, and say in one sentence what you will do.`,
);
const INSTRUCTIONS = ['You are a coding agent. You work in small steps, with tools.', ...RULES].join('\n');
const billing = (turn: number) =>
  `x-anthropic-billing-header: cc_version=2.1.${turn}.${(turn * 7919).toString(16)}; cch=${(turn * 104_729).toString(16)};`;

/** Turns whose answer is a text; the others must call a tool. */
const speaks = (turn: number) => turn % 5 === 4;
/** Turns before which the client puts a system message in the midst. */
const reminds = (turn: number) => turn % 6 === 5;
const REMINDER = 'The user has changed a file meanwhile. Do not mention this.';
const question = (turn: number) => `Now look at part ${turn} of the program, and find out why its test fails.`;
const result = (turn: number) => `${turn} lines:\n${'const value = await compute(input);\n'.repeat(4)}`;
const KEEP = { cache_control: { type: 'ephemeral' } };

type Item = Record<string, unknown>;

/** Anthropic's Messages, with marks: on the instructions, the last tool, and the last two messages of the user. */
export function messagesReplay(model = 'any'): ReplayFace {
  const said: Item[] = [{ role: 'user', content: [{ type: 'text', text: question(0) }] }];
  const marked = () => {
    const users = said.flatMap(({ role }, at) => (role === 'user' ? [at] : [])).slice(-2);
    return said.map((message, at) => {
      if (!users.includes(at)) return message;
      const blocks = message.content as Item[];
      return {
        ...message,
        content: blocks.map((block, n) => (n === blocks.length - 1 ? { ...block, ...KEEP } : block)),
      };
    });
  };
  return {
    path: '/v1/messages',
    body: (turn) => ({
      ...{ model, max_tokens: ANSWER_TOKENS, temperature: 0, stream: false },
      system: [
        { type: 'text', text: billing(turn) },
        { type: 'text', text: INSTRUCTIONS, ...KEEP },
      ],
      tools: TOOLS.map(({ name, description, parameters }, at) => ({
        ...{ name, description, input_schema: parameters },
        ...(at === TOOLS.length - 1 && KEEP),
      })),
      tool_choice: { type: speaks(turn) ? 'none' : 'any', ...(!speaks(turn) && { disable_parallel_tool_use: true }) },
      messages: marked(),
    }),
    take: (turn, { content, usage }) => {
      const blocks = content as Item[];
      said.push({ role: 'assistant', content: blocks.length > 0 ? blocks : [{ type: 'text', text: '(nothing)' }] });
      const results = blocks
        .filter(({ type }) => type === 'tool_use')
        .map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: result(turn) }] }));
      if (reminds(turn)) said.push({ role: 'system', content: REMINDER });
      const next = results.length > 0 ? results : [{ type: 'text', text: question(turn + 1) }];
      if (reminds(turn) && results.length > 0) said.splice(-1, 0, { role: 'user', content: next });
      else said.push({ role: 'user', content: next });
      const {
        input_tokens: fresh,
        cache_read_input_tokens: read = 0,
        cache_creation_input_tokens: written = 0,
      } = usage;
      return { prompt: fresh + read + written, read, output: usage.output_tokens };
    },
  };
}

/** OpenAI's Chat Completions. The billing header is the first line of the instructions, as proxies put it. */
export function chatReplay(model = 'any'): ReplayFace {
  const said: Item[] = [{ role: 'user', content: question(0) }];
  return {
    path: '/v1/chat/completions',
    body: (turn) => ({
      ...{ model, max_tokens: ANSWER_TOKENS, temperature: 0, stream: false, parallel_tool_calls: false },
      messages: [{ role: 'system', content: `${billing(turn)}\n${INSTRUCTIONS}` }, ...said],
      tools: TOOLS.map((tool) => ({ type: 'function', function: tool })),
      tool_choice: speaks(turn) ? 'none' : 'required',
    }),
    take: (turn, { choices, usage }) => {
      const { message } = choices[0];
      said.push(message);
      const calls = (message.tool_calls ?? []) as Item[];
      for (const { id } of calls) said.push({ role: 'tool', tool_call_id: id, content: result(turn) });
      if (reminds(turn)) said.push({ role: 'system', content: REMINDER });
      if (calls.length === 0) said.push({ role: 'user', content: question(turn + 1) });
      const { prompt_tokens: prompt, prompt_tokens_details: details, completion_tokens: output } = usage;
      return { prompt, read: details?.cached_tokens ?? 0, output };
    },
  };
}

/** OpenAI's Responses, all items sent each time, as coding agents do that store nothing. */
export function responsesReplay(model = 'any'): ReplayFace {
  const said: Item[] = [{ role: 'user', content: question(0) }];
  return {
    path: '/v1/responses',
    body: (turn) => ({
      ...{
        model,
        max_output_tokens: ANSWER_TOKENS,
        temperature: 0,
        stream: false,
        store: false,
        parallel_tool_calls: false,
      },
      instructions: `${billing(turn)}\n${INSTRUCTIONS}`,
      input: said,
      tools: TOOLS.map((tool) => ({ type: 'function', strict: false, ...tool })),
      tool_choice: speaks(turn) ? 'none' : 'required',
    }),
    take: (turn, { output, usage }) => {
      const items = output as Item[];
      said.push(...items);
      const calls = items.filter(({ type }) => type === 'function_call');
      for (const { call_id } of calls) said.push({ type: 'function_call_output', call_id, output: result(turn) });
      if (reminds(turn)) said.push({ role: 'developer', content: REMINDER });
      if (calls.length === 0) said.push({ role: 'user', content: question(turn + 1) });
      const { input_tokens: prompt, input_tokens_details: details, output_tokens } = usage;
      return { prompt, read: details?.cached_tokens ?? 0, output: output_tokens };
    },
  };
}

/** Sends all turns to a server, one after the other. Throws what the server refuses. */
export async function* replay(url: string, face: ReplayFace, turns = REPLAY_TURNS): AsyncGenerator<ReplayCounts> {
  for (let turn = 0; turn < turns; turn++) {
    const headers = { 'content-type': 'application/json', 'x-api-key': 'none', 'anthropic-version': '2023-06-01' };
    const response = await fetch(`${url}${face.path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(face.body(turn)),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${face.path}, turn ${turn}: ${response.status} ${text.slice(0, 400)}`);
    yield face.take(turn, JSON.parse(text));
  }
}
