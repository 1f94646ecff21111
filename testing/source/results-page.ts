import { STOP_REASONS } from '../../src/agent/agent-events.js';
import { FINISH_REASONS, MISS_REASONS } from '../../src/native/vocabulary.js';
import { type Declared, type DeclaredEvent, declared, declaredEvents } from './declarations.js';
import { tableOf } from './markdown-table.js';

type Source = readonly [file: string, name: string];

/** What a call gives when it is awaited, or a part of that. */
export interface FieldSection {
  readonly title: string;
  /** Where its fields are declared; of one that is declared twice the later declaration counts. */
  readonly sources: readonly Source[];
  readonly about?: string;
}

/** What a call gives when it is iterated. */
export interface EventSection {
  readonly title: string;
  readonly source: Source;
  readonly about?: string;
}

const ANSWER = 'src/engine/generation-events.ts';
const RUN = 'src/agent/agent-events.ts';
const CHANGE = 'src/chat/overflow/context-change.ts';
const USAGE = 'src/native/reports/usage.ts';
const EVENTS = 'src/native/events.ts';

export const ANSWER_FIELDS: FieldSection = {
  title: 'GenerationResult: an answer, awaited',
  sources: [[ANSWER, 'GenerationResult']],
};

export const USAGE_FIELDS: FieldSection = {
  title: 'usage of an answer',
  sources: [
    [USAGE, 'NativeUsage'],
    [USAGE, 'CallUsage'],
  ],
  about:
    'Every field is there on every engine, but for `elsewhere`. Of an engine elsewhere, what its server does not tell is 0, of the cache null: such a\n' +
    'server tells prompt, output and mostly cached tokens, and the times are those that the client saw. A server of Banyan tells more.',
};

export const MISS_FIELDS: FieldSection = { title: 'usage.miss', sources: [[USAGE, 'NativeMiss']] };

export const ANSWER_EVENTS: readonly EventSection[] = [
  { title: 'GenerationEvent: an answer, iterated', source: [ANSWER, 'GenerationEvent'] },
  {
    title: 'ProgressEvent: with the option progress',
    source: [ANSWER, 'ProgressEvent'],
    about: '`engine.generate(messages, { progress: true })` tells these among the others.',
  },
];

export const RUN_FIELDS: readonly FieldSection[] = [
  { title: 'RunResult: a run, awaited', sources: [[RUN, 'RunResult']] },
  { title: 'AgentStep: one of its steps', sources: [[RUN, 'AgentStep']] },
  { title: 'ToolOutcome: what a tool gave', sources: [['src/agent/tool-runner.ts', 'ToolOutcome']] },
  {
    title: 'usage of a run',
    sources: [[RUN, 'RunUsage']],
    about: 'Sums over the steps, with what summaries of `onOverflow: "compact"` cost.',
  },
  { title: 'TraceSpan', sources: [[RUN, 'TraceSpan']], about: 'A turn of the model or a tool call.' },
  {
    title: 'SpeculationReport',
    sources: [['src/agent/speculation/speculation.ts', 'SpeculationReport']],
    about: 'Of an agent with a `predictor`.',
  },
];

export const RUN_EVENTS: EventSection = { title: 'AgentEvent: a run, iterated', source: [RUN, 'AgentEvent'] };

export const PART_FIELDS: readonly FieldSection[] = [
  { title: 'ToolCall', sources: [['src/chat/chat-message.ts', 'ToolCall']] },
  {
    title: 'TokenLogprob',
    sources: [
      [EVENTS, 'TokenChance'],
      [EVENTS, 'TokenLogprob'],
    ],
    about: 'Of a token, with `logprobs` or `promptLogprobs`. A `TokenChance` is the same without `top`.',
  },
  {
    title: 'ContextChange',
    sources: [[CHANGE, 'ContextChange']],
    about: 'What a session lost to make room for a turn (`onOverflow`), and has instead.',
  },
  { title: 'Summary', sources: [[CHANGE, 'Summary']], about: 'Of `onOverflow: "compact"`.' },
];

/** Types that are lists of words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  FinishReason: FINISH_REASONS,
  StopReason: STOP_REASONS,
  MissReason: MISS_REASONS,
};

/** The fields of a section, those within one that says more of its own as `outer.inner`. */
export function fieldsOf({ sources }: FieldSection): Declared[] {
  const fields = new Map(sources.flatMap(([file, name]) => declared(file, name)).map((one) => [one.name, one]));
  return [...fields.values()].flatMap((field) => {
    if (!isOpened(field)) return [field];
    return [field, ...field.members.map((inner) => ({ ...inner, name: `${field.name}.${inner.name}` }))];
  });
}

export const eventsOf = ({ source }: EventSection): DeclaredEvent[] => declaredEvents(...source);

const isOpened = ({ members }: Declared) => members.some(({ doc }) => doc !== '');

function shownType(field: Declared): string {
  const type = isOpened(field)
    ? 'object'
    : `\`${WORDS[field.type]?.map((word) => `'${word}'`).join(' | ') ?? field.type}\``;
  return field.optional ? `${type}, may be left out` : type;
}

/** By the last word of a field's name. */
function unitOf({ name, type }: Declared): string {
  if (!/^number( \||$)/.test(type)) return '';
  if (/Ms$|^ms$/.test(name)) return 'milliseconds';
  if (/[tT]okens$/.test(name)) return 'tokens';
  return '';
}

function fieldSection(section: FieldSection, level = '##'): string {
  const fields = fieldsOf(section);
  const units = fields.some((field) => unitOf(field) !== '');
  const row = (name: string, type: string, unit: string, doc: string) => [name, type, ...(units ? [unit] : []), doc];
  const rows = fields.map((field) => row(`\`${field.name}\``, shownType(field), unitOf(field), field.doc));
  const table = tableOf([row('field', 'type', 'unit', 'what it is'), ...rows]);
  return [`${level} ${section.title}`, ...(section.about ? [section.about] : []), table].join('\n\n');
}

function eventSection(section: EventSection): string {
  const rows = eventsOf(section).map(({ types, doc, members }) => [
    types.map((type) => `\`${type}\``).join(', '),
    members.map(({ name, type }) => `\`${name}: ${type}\``).join(', '),
    doc,
  ]);
  const table = tableOf([['type', 'fields', 'when it comes'], ...rows]);
  return [`## ${section.title}`, ...(section.about ? [section.about] : []), table].join('\n\n');
}

const HEAD = `# Results and events

What a call gives, awaited or iterated. The tables are made of the types in \`src/\`: \`npx vitest run test/engine/results-page.test.ts -u\`
writes them; what the calls take is in [the options](options.md).`;

const CALLS = [
  ['call', '`await` gives', '`for await` gives'],
  ['`engine.generate()`, `session.generate()`', '`GenerationResult`', '`GenerationEvent`'],
  ['`agent.run()`, `agent.resume()`', '`RunResult`', '`AgentEvent`'],
] as const;

const RULES = `All of them can be awaited, iterated, or both, in any order: the work runs anyway. The last event, \`finish\`, has the result. A loop that is
left early cancels the work; \`cancel()\` does too, and the result has what there is. A failure rejects the result and throws in the loop.
Not awaited, it is no unhandled rejection.

\`\`\`ts
import { Engine } from 'banyan';

const engine = await Engine.load();
const answer = engine.generate([{ role: 'user', content: 'Hello' }], { temperature: 0 });
for await (const event of answer) if (event.type === 'text') process.stdout.write(event.text);
const { finishReason, usage } = await answer;
console.log(\`\\n\${finishReason}, \${usage.outputTokens > 0}\`);
await engine.close();
\`\`\``;

/** docs/results-and-events.md, made of the types that the calls give. */
export function resultsPage(): string {
  const sections = [
    fieldSection(ANSWER_FIELDS),
    ...ANSWER_EVENTS.map(eventSection),
    ...[USAGE_FIELDS, MISS_FIELDS].map((section) => fieldSection(section)),
    ...RUN_FIELDS.slice(0, 1).map((section) => fieldSection(section)),
    eventSection(RUN_EVENTS),
    ...RUN_FIELDS.slice(1).map((section) => fieldSection(section)),
    '## Parts of both',
    ...PART_FIELDS.map((section) => fieldSection(section, '###')),
  ];
  return `${[HEAD, tableOf(CALLS), RULES, ...sections].join('\n\n')}\n`;
}
