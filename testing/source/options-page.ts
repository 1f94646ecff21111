import { PROVIDER_OWN } from '../../src/adapters/ai-sdk/call.js';
import { BANYAN } from '../../src/adapters/ai-sdk/provider.js';
import { MCP } from '../../src/adapters/mcp/mcp-tools.js';
import { AGENT, AGENT_OWN, RESUME, RUN } from '../../src/agent/agent-options.js';
import { LIMITS } from '../../src/agent/limits.js';
import { TOOL_PREDICTOR } from '../../src/agent/speculation/tool-predictor.js';
import { TOOL } from '../../src/agent/tool.js';
import { AUDIT } from '../../src/audit/audit-log.js';
import { VERIFY_AUDIT } from '../../src/audit/verify-audit.js';
import { OVERFLOW } from '../../src/chat/overflow/overflow-options.js';
import { DIAGNOSE } from '../../src/doctor/diagnose.js';
import { DOCTOR } from '../../src/doctor/doctor.js';
import { EMBED } from '../../src/embedding/embedding-options.js';
import { ENGINE } from '../../src/engine/engine-options.js';
import { PIN, PREFIX } from '../../src/engine/prefix-cache.js';
import { BRANCH_ABANDONED, NEXT_PREFIX, TOOL_STARTED } from '../../src/engine/program.js';
import { GENERATE } from '../../src/engine/request-options.js';
import { NEXT_TURN, SESSION_OWN } from '../../src/engine/session-options.js';
import { DETOKENIZE, TOKENIZE } from '../../src/engine/tokenize-options.js';
import { SNAPSHOT } from '../../src/engine/watch/snapshot-options.js';
import { GRAPH_RUN } from '../../src/graph/run-options.js';
import { AGENT_NODE, ASK_OWN, CODE } from '../../src/graph/workflow.js';
import { rangeOf } from '../../src/kit/option-table.js';
import { MEMO } from '../../src/memo/memo.js';
import { SEMANTIC_MEMO } from '../../src/memo/semantic-memo.js';
import { MODELS } from '../../src/models/models-options.js';
import { SWAP, USE } from '../../src/models/use-options.js';
import { limitOf } from '../../src/native/limits.js';
import { CACHE } from '../../src/native/load-options.js';
import type { NativeOptions, Option, OptionTable } from '../../src/native/option-kinds.js';
import { COST, POLICY } from '../../src/native/policy.js';
import { BEST_OF } from '../../src/patterns/best-of.js';
import { BRANCHES } from '../../src/patterns/branches.js';
import { DEBATE } from '../../src/patterns/debate.js';
import { MAP_REDUCE } from '../../src/patterns/map-reduce.js';
import { REFLECT } from '../../src/patterns/reflect.js';
import { TREE_SEARCH } from '../../src/patterns/tree-search.js';
import { RESUME_ALL, RUN_STORE, STEP } from '../../src/runs/run-store.js';
import { SERVER } from '../../src/server/server-options.js';
import { TIERS } from '../../src/tiers/tiers.js';
import { RECORD } from '../../src/trace/recording.js';
import { CARE } from '../../src/workers/workers-options.js';
import { declared } from './declarations.js';
import { tableOf } from './markdown-table.js';

/** One call with options: its table, where the comments of its options are, and a sentence. */
export interface Section {
  readonly title: string;
  readonly table: OptionTable;
  /** File and name of each constant or interface that declares some of the options. */
  readonly sources: readonly (readonly [file: string, name: string])[];
  readonly about?: string;
  /** Options of the addon that have the default of what is left out. */
  readonly native?: NativeOptions;
}

const AGENT_FILE = 'src/agent/agent-options.ts';
const REQUEST_FILE = 'src/engine/request-options.ts';
const PREFIX_SOURCES = [
  ['src/chat/chat-options.ts', 'TOOLS'],
  [REQUEST_FILE, 'TENANT'],
] as const;

const DOCTOR_SOURCE = ['src/doctor/diagnose.ts', 'REPORT'] as const;
const STORE_FILE = 'src/runs/run-store.ts';
const WORKFLOW_FILE = 'src/graph/workflow.ts';
const BRANCH_SOURCE = ['src/patterns/branches.ts', 'BRANCHES'] as const;
const patternSources = (file: string, table: string) => [BRANCH_SOURCE, [`src/patterns/${file}.ts`, table]] as const;

export const SECTIONS: readonly Section[] = [
  {
    title: 'Engine.load(options)',
    table: ENGINE,
    sources: [
      ['src/engine/engine-options.ts', 'MORE'],
      ['src/native/load-options.ts', 'LOAD'],
    ],
  },
  { title: 'cache of Engine.load', table: CACHE, sources: [['src/native/load-options.ts', 'CACHE']] },
  {
    title: 'engine.generate(prompt, options)',
    table: GENERATE,
    sources: [
      ['src/native/sampling-options.ts', 'SAMPLING'],
      ['src/native/request-options.ts', 'REQUEST'],
      ['src/chat/chat-options.ts', 'CHAT'],
      ['src/chat/chat-options.ts', 'CONTINUE'],
      [REQUEST_FILE, 'MORE'],
      [REQUEST_FILE, 'TurnOptions'],
      ...PREFIX_SOURCES,
    ],
    about:
      "Sampling that is left out is as the model's file recommends it (`info.sampling`), where that has a word on it; at temperature 0 it has none.\n\n" +
      '`session.generate()` takes the same but for `continueAnswer`, and for `tools` and `tenant`, which are those of its session; `session.continueAnswer()`, but for these and `marks`.',
  },
  {
    title: 'engine.embed(texts, options)',
    table: EMBED,
    sources: [
      ['src/native/embedding-options.ts', 'EMBEDDING'],
      ['src/embedding/embedding-options.ts', 'MORE'],
    ],
  },
  {
    title: 'engine.session(options)',
    table: SESSION_OWN,
    sources: [['src/engine/session-options.ts', 'SESSION_OWN']],
    about: 'And all of `engine.generate()` but `signal` and `schema`, as defaults of its turns.',
  },
  {
    title: 'overflow of a session or an agent',
    table: OVERFLOW,
    sources: [['src/chat/overflow/overflow-options.ts', 'OVERFLOW']],
    about: 'A turn is a message of the user, or an answer with its calls and all their results.',
  },
  {
    title: 'new Agent(options)',
    table: { engine: AGENT.engine, ...AGENT_OWN },
    sources: [
      [AGENT_FILE, 'AGENT_OWN'],
      [AGENT_FILE, 'AgentOptions'],
    ],
    about:
      'And all of `engine.session()` but `messages`, `grammar`, `toolChoice` and `program`; tools are of `defineTool()`.',
  },
  { title: 'limits of an agent', table: LIMITS, sources: [['src/agent/limits.ts', 'LIMITS']] },
  {
    title: 'agent.run(input, options)',
    table: RUN,
    sources: [
      [AGENT_FILE, 'RESUME'],
      [AGENT_FILE, 'RUN'],
    ],
  },
  { title: 'AuditLog.open(path, options)', table: AUDIT, sources: [['src/audit/audit-log.ts', 'AUDIT']] },
  {
    title: 'verifyAudit(path, options)',
    table: VERIFY_AUDIT,
    sources: [['src/audit/verify-audit.ts', 'VERIFY_AUDIT']],
  },
  { title: 'agent.resume(journal, options)', table: RESUME, sources: [[AGENT_FILE, 'RESUME']] },
  {
    title: 'defineTool(definition)',
    table: TOOL,
    sources: [
      ['src/agent/tool.ts', 'TOOL_OWN'],
      ['src/agent/tool.ts', 'ToolDefinition'],
    ],
  },
  {
    title: 'new ToolPredictor(options)',
    table: TOOL_PREDICTOR,
    sources: [['src/agent/speculation/tool-predictor.ts', 'TOOL_PREDICTOR']],
    about: '`ToolPredictor.load(path, options)` takes the same.',
  },
  { title: 'engine.explain(prompt, options)', table: PREFIX, sources: PREFIX_SOURCES },
  {
    title: 'engine.pin(prompt, options)',
    table: PIN,
    sources: [...PREFIX_SOURCES, ['src/engine/prefix-cache.ts', 'PIN']],
  },
  {
    title: 'program.toolStarted(tool, options)',
    table: TOOL_STARTED,
    sources: [['src/engine/program.ts', 'TOOL_STARTED']],
  },
  {
    title: 'program.nextPrefix(prompt, options)',
    table: NEXT_PREFIX,
    sources: [...PREFIX_SOURCES, ['src/engine/program.ts', 'NEXT_PREFIX']],
  },
  {
    title: 'session.nextPrefix(results, options)',
    table: NEXT_TURN,
    sources: [[REQUEST_FILE, 'MORE']],
  },
  {
    title: 'program.branchAbandoned(prompt, options)',
    table: BRANCH_ABANDONED,
    sources: [...PREFIX_SOURCES, ['src/engine/program.ts', 'BRANCH_ABANDONED']],
  },
  {
    title: 'engine.tokenize(text, options)',
    table: TOKENIZE,
    sources: [['src/engine/tokenize-options.ts', 'TOKENIZE']],
    about: '`tokenizeAsync()` takes the same.',
  },
  {
    title: 'engine.detokenize(tokens, options)',
    table: DETOKENIZE,
    sources: [['src/engine/tokenize-options.ts', 'DETOKENIZE']],
  },
  {
    title: 'engine.snapshot(options)',
    table: SNAPSHOT,
    sources: [['src/engine/watch/snapshot-options.ts', 'SNAPSHOT']],
  },
  { title: 'engine.record(path, options)', table: RECORD, sources: [['src/trace/recording.ts', 'RECORD']] },
  {
    title: 'diagnose(path, options)',
    table: DIAGNOSE,
    sources: [DOCTOR_SOURCE, ['src/doctor/diagnose.ts', 'DIAGNOSE']],
    about: 'Of `banyan/doctor`.',
  },
  {
    title: 'new Doctor(engine, options)',
    table: DOCTOR,
    sources: [DOCTOR_SOURCE, ['src/doctor/doctor.ts', 'DOCTOR']],
    about: 'Of `banyan/doctor`.',
  },
  {
    title: 'createBanyan(engine, options)',
    table: BANYAN,
    sources: [['src/adapters/ai-sdk/provider.ts', 'BANYAN']],
    about: 'Of `banyan/ai-sdk`.',
  },
  {
    title: 'providerOptions.banyan of the AI SDK',
    table: PROVIDER_OWN,
    sources: [['src/adapters/ai-sdk/call.ts', 'PROVIDER_OWN']],
    about:
      'And all of `engine.generate()` but `tools`, `toolChoice`, `schema`, `stop`, `signal` and `tenant`; they come before the AI SDK’s own settings.',
  },
  { title: 'parallel(session, tasks, options)', table: BRANCHES, sources: [BRANCH_SOURCE] },
  { title: 'bestOf(session, message, options)', table: BEST_OF, sources: patternSources('best-of', 'BEST_OF') },
  { title: 'treeSearch(session, options)', table: TREE_SEARCH, sources: patternSources('tree-search', 'TREE_SEARCH') },
  { title: 'debate(question, sides, judge, options)', table: DEBATE, sources: patternSources('debate', 'DEBATE') },
  { title: 'reflect(writer, critic, message, options)', table: REFLECT, sources: patternSources('reflect', 'REFLECT') },
  {
    title: 'mapReduce(session, items, options)',
    table: MAP_REDUCE,
    sources: patternSources('map-reduce', 'MAP_REDUCE'),
    about: 'And the call-backs `map` and `reduce`.',
  },
  {
    title: 'mcpTools(client, options)',
    table: MCP,
    sources: [['src/adapters/mcp/mcp-tools.ts', 'MCP']],
    about: 'Of `banyan/mcp`.',
  },
  { title: 'serve(engine, options)', table: SERVER, sources: [['src/server/server-options.ts', 'SERVER']] },
  {
    title: 'workflow.ask(name, options)',
    table: ASK_OWN,
    sources: [
      [WORKFLOW_FILE, 'NODE'],
      [WORKFLOW_FILE, 'ASK_OWN'],
    ],
    about: 'And `prompt`, `schema`, `follows`, and all of `session.generate()` but `signal`, `program` and `group`.',
  },
  {
    title: 'workflow.agent(name, agent, prompt, options)',
    table: AGENT_NODE,
    sources: [
      [WORKFLOW_FILE, 'NODE'],
      [WORKFLOW_FILE, 'AGENT_NODE'],
    ],
  },
  {
    title: 'workflow.code(name, inputs, run, options)',
    table: CODE,
    sources: [
      [WORKFLOW_FILE, 'NODE'],
      [WORKFLOW_FILE, 'CODE'],
    ],
  },
  {
    title: 'plan.run(engine, inputs, options)',
    table: GRAPH_RUN,
    sources: [['src/graph/run-options.ts', 'GRAPH_RUN']],
  },
  { title: 'RunStore.open(path, options)', table: RUN_STORE, sources: [[STORE_FILE, 'RUN_STORE']] },
  { title: 'store.resumeAll(agentOf, options)', table: RESUME_ALL, sources: [[STORE_FILE, 'RESUME_ALL']] },
  { title: 'store.step(run, key, work, options)', table: STEP, sources: [[STORE_FILE, 'STEP']] },
  {
    title: 'Workers.start(options)',
    table: CARE,
    sources: [['src/workers/workers-options.ts', 'CARE']],
    about: 'And all of `Engine.load()`, of each of them.',
  },
  { title: 'new Models(options)', table: MODELS, sources: [['src/models/models-options.ts', 'MODELS']] },
  { title: 'models.acquire(name, options)', table: USE, sources: [['src/models/use-options.ts', 'USE']] },
  { title: 'models.swap(name, model, options)', table: SWAP, sources: [['src/models/use-options.ts', 'SWAP']] },
  { title: 'new Tiers(tiers, options)', table: TIERS, sources: [['src/tiers/tiers.ts', 'TIERS']] },
  { title: 'new Memo(options)', table: MEMO, sources: [['src/memo/memo.ts', 'MEMO']] },
  {
    title: 'new SemanticMemo(options)',
    table: SEMANTIC_MEMO,
    sources: [['src/memo/semantic-memo.ts', 'SEMANTIC_MEMO']],
  },
  {
    title: 'policy of an engine',
    table: POLICY,
    sources: [['src/native/policy.ts', 'POLICY']],
    about:
      'Times are microseconds (Infinity: never), shares thousandths. Lists: of interactive, workflow and background requests.',
    native: 'policy',
  },
  { title: 'cost of a policy', table: COST, sources: [['src/native/policy.ts', 'COST']], native: 'policy.cost' },
];

/** The comment of each option of a section, by name. */
export function commentsOf({ sources }: Section): Map<string, string> {
  const members = sources.flatMap(([file, name]) => declared(file, name));
  return new Map(members.filter(({ doc }) => doc !== '').map(({ name, doc }) => [name, doc]));
}

/** 1,048,576 for 1048576. */
export function shownNumber(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString('en-US', { maximumFractionDigits: 6 }) : String(value);
}

/** What an option may be, in words. */
function shownShape(name: string, { shape }: Option<unknown>): string {
  switch (shape.kind) {
    case 'number': {
      const { min, max, whole, powerOfTwo } = rangeOf(name, shape.range);
      const kind = powerOfTwo ? 'power of two' : whole ? 'whole number' : 'number';
      const list = shape.count === undefined ? kind : `${shape.count} ${kind}s`;
      const word = shape.word === undefined ? '' : `, or \`${shape.word}\``;
      return `${list}, ${shownNumber(min)} to ${shownNumber(max)}${word}`;
    }
    case 'flag':
      return 'true or false';
    case 'word':
      return shape.words.map((one) => `\`${one}\``).join(', ');
    case 'name':
    case 'text':
      return 'text';
    case 'signal':
      return 'AbortSignal';
    case 'function':
      return 'function';
    case 'group':
      return 'object, see there';
    case 'other':
      return shape.expected;
  }
}

function shownDefault(
  name: string,
  { fallback, required }: Option<unknown>,
  native: NativeOptions | undefined,
): string {
  if (required) return 'must be given';
  const limit = native && limitOf(native, name);
  const value = limit && 'standard' in limit ? limit.standard : fallback;
  if (value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.map(shownNumber).join(', ');
  return typeof value === 'number' ? shownNumber(value) : String(value);
}

function sectionOf(section: Section): string {
  const comments = commentsOf(section);
  const rows = Object.entries(section.table).map(([name, option]) => [
    `\`${name}\``,
    shownShape(name, option),
    shownDefault(name, option, section.native),
    comments.get(name) ?? '',
  ]);
  const table = tableOf([['option', 'what it may be', 'default', 'what it is'], ...rows]);
  return [`## ${section.title}`, ...(section.about ? [section.about] : []), table].join('\n\n');
}

/** docs/options.md, made of the tables that check the options and of the ranges that the addon enforces. */
export function optionsPage(): string {
  const head = `# Options

Made of the option tables in \`src/\` and of the ranges that the native half enforces: \`npx vitest run test/engine/options-page.test.ts -u\`
writes it. An option that is left out, or undefined, has its default; an unknown or wrong one is INVALID_OPTION, with \`field\`.`;
  return `${[head, ...SECTIONS.map(sectionOf)].join('\n\n')}\n`;
}
