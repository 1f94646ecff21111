import type { EngineOptions, GenerateOptions } from '../../src/index.js';
import type { BenchOptions, Report } from '../report.js';
import { agentLoop } from './agent-loop.js';
import { FERRY, objectOf, WORD } from './ferry.js';
import { reportModes } from './report.js';
import { EMBEDDED_TIMES, type Mode, once, trainedModels, type Work } from './work.js';

const TOKENS = 96;
/** No mode may lose more, times off. */
const LEAST = 0.98;
/** What schema outputs must gain with the best mode, alone, by model. */
const TARGETS: Record<string, number> = { SmolLM2: 1.15, 'Gemma 3 270M': 1.4 };

/** `off`: neither drafts nor forced tokens. Drafts of other kinds are told apart by `drafts`, which has those alone. */
const MODES: Mode[] = [
  { name: 'off', engine: { draftTokens: 'off' }, request: { jumpForward: 'off' } },
  { name: 'drafts', engine: { draftTokens: 'auto' }, request: { jumpForward: 'off' }, least: LEAST },
  { name: 'verify', engine: { draftTokens: 'auto' }, request: { jumpForward: 'verify' }, least: LEAST },
  { name: 'force', engine: { draftTokens: 'off' }, request: { jumpForward: 'force' }, least: LEAST },
  { name: 'force, drafts', engine: { draftTokens: 'auto' }, request: { jumpForward: 'force' }, least: LEAST },
];

const PERSON = objectOf({
  name: WORD,
  occupation: WORD,
  home_town: WORD,
  favourite_colour: { enum: ['red', 'green', 'blue'] },
});
const THINGS = ['a lighthouse', 'a ferry', 'a storm', 'a bakery', 'a violin', 'a glacier', 'an orchard', 'a comet'];

/** A question, and what an answer to it must be. */
interface Asked {
  name: string;
  text: (index: number) => string;
  ours: GenerateOptions;
  theirs: object;
}

const SCHEMA: Asked = {
  name: 'schema outputs',
  text: (index) => `Invent person ${index} who has to do with ${THINGS[index % THINGS.length]}, as JSON.`,
  ours: { schema: PERSON },
  theirs: { response_format: { type: 'json_schema', json_schema: { name: 'person', schema: PERSON } } },
};
const CALLS: Asked = { name: 'tool calls', ...FERRY };

function work(model: EngineOptions, of: string, { name, text, ours, theirs }: Asked, times = 1): Work {
  const messages = (index: number) => [{ role: 'user' as const, content: text(index) }];
  const target = name === SCHEMA.name ? TARGETS[of] : undefined;
  return {
    name: `${name}, ${of}`,
    ...(target !== undefined && { target }),
    model,
    times,
    call: async (engine, index, how) => {
      const options = { temperature: 0, maxTokens: TOKENS, ...ours, ...how };
      const { usage, tokens } = await engine.generate(messages(index), options);
      return { outputTokens: usage.outputTokens, tokens };
    },
    peer: once((index) => ({ messages: messages(index), temperature: 0, max_tokens: TOKENS, ...theirs })),
  };
}

/** What tokens without a choice give: computed one by one, checked as drafts, appended; llama-server's settings beside. */
export async function benchJump(options: BenchOptions): Promise<Report> {
  const trained = await trainedModels();
  const works = [
    ...[SCHEMA, CALLS].map((asked) => work({}, 'embedded model', asked, EMBEDDED_TIMES)),
    ...trained.flatMap(({ name, model }) => [SCHEMA, CALLS].map((asked) => work(model, name, asked))),
    ...trained.map(({ name, model }) => agentLoop(name, model)),
  ];
  return reportModes(works, MODES, [1, 8], options);
}
