import type { ChatMessage } from '../chat/chat-message.js';
import { readMessages } from '../chat/read-prompt.js';
import type { Session } from '../engine/session.js';
import { agentToolHint, toolListHint } from '../kit/advice/foreign-shapes.js';
import { BanyanError } from '../kit/errors.js';
import { checkInteger, invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { fingerprint } from './agent-fingerprint.js';
import { AGENT, type AgentOptions, RESUME, type ResumeOptions, RUN, type RunOptions } from './agent-options.js';
import { AgentRun } from './agent-run.js';
import type { HostSession } from './host.js';
import type { Journal } from './journal/journal.js';
import { checkJournal } from './journal/open-journal.js';
import { RunRecord, type RunStart } from './journal/run-record.js';
import { type Limits, toLimits } from './limits.js';
import { RunAudit } from './run-audit.js';
import type { Tool } from './tool.js';

/** A model with instructions and tools. It keeps no state: any number of runs may go at the same time. */
export class Agent<Conversation extends HostSession = Session> {
  readonly #options: AgentOptions<Conversation>;
  readonly #limits: Limits;
  readonly #forceTools: number;

  /** Throws INVALID_OPTION, CLOSED, and MODEL_UNSUPPORTED when the model's chat template would drop the tools. */
  constructor(given: AgentOptions<Conversation>) {
    const options = readTable('options', given, AGENT) as AgentOptions<Conversation>;
    options.tools = checkTools(options.tools ?? []);
    this.#options = options;
    this.#limits = toLimits(options.limits);
    this.#forceTools = checkInteger('forceTools', options.forceTools ?? 0, 0, this.#limits.maxSteps);
    if (this.#forceTools > 0 && !options.tools?.length) {
      throw new BanyanError('INVALID_OPTION', 'forceTools needs tools', { field: 'forceTools' });
    }
    this.#newSession(); // checks the rest
  }

  /** True: equal inputs give equal answers, up to rounding. All of its tools are `pure`, and it samples at temperature 0 or with a seed. */
  get repeatable(): boolean {
    const { tools = [], temperature, seed = -1 } = this.#options;
    return tools.every(({ pure }) => pure) && (temperature === 0 || seed >= 0);
  }

  /**
   * Model, tools, model ... until it answers. Read the events, await the result, or both. A journal that cannot be written
   * rejects the run before anything happens that it should have told: JOURNAL_BUSY, JOURNAL_FAILED, JOURNAL_MISMATCH when
   * it has a run already. Throws INVALID_OPTION, INVALID_MESSAGES, CLOSED.
   */
  run(input: string | readonly ChatMessage[], given: RunOptions<Conversation> = {}): AgentRun<Conversation> {
    const options = readTable('options', given, RUN) as RunOptions<Conversation>;
    if (options.journal !== undefined && options.session !== undefined) {
      throw new BanyanError('INVALID_OPTION', 'Pass `journal` or `session`, not both', { field: 'journal' });
    }
    const said = typeof input === 'string' ? input.toWellFormed() : readMessages(input);
    return this.#start({ input: said, resumed: false }, options);
  }

  /**
   * Goes on with a run that ended without an end: the process was killed, the engine failed, its signal was aborted. The
   * agent must be the same, the engine may be another one of the same model. What is on record happens again as events
   * only; then the run continues with the same tokens as if nothing had been. No tool gets a call a second time, unless it
   * is `idempotent`. A run that has ended gives its result again; `trace` and `totalMs` are those of this life.
   * Rejects with JOURNAL_INVALID, JOURNAL_MISMATCH, JOURNAL_BUSY, JOURNAL_FAILED.
   */
  resume(journal: string | Journal, options: ResumeOptions = {}): AgentRun<Conversation> {
    const { signal } = readTable('options', options, RESUME);
    return this.#start({ input: [], resumed: true }, { signal, journal: checkJournal('journal', journal) });
  }

  #start(what: Pick<RunStart, 'input' | 'resumed'>, options: RunOptions<Conversation>): AgentRun<Conversation> {
    const { engine, seed } = this.#options;
    const { journal } = options;
    const agent = () => fingerprint(this.#options, this.#limits);
    const start = { ...what, seed: seed === -1 ? undefined : seed, agent, signal: options.signal };
    return new AgentRun({
      engine,
      ownSession: options.session === undefined,
      session: options.session ?? this.#newSession(),
      tools: this.#options.tools ?? [],
      limits: this.#limits,
      forceTools: this.#forceTools,
      predictor: options.predictor ?? this.#options.predictor,
      tenant: this.#options.tenant,
      program: engine.program(),
      deadlineMs: this.#options.deadlineMs,
      ttftLimitMs: this.#options.ttftLimitMs,
      maxTokens: this.#options.maxTokens,
      seeds: engine.seeds !== false || start.seed !== undefined,
      audit: (owner) => new RunAudit(this.#options.audit, owner, engine.info.digest),
      resumed: what.resumed,
      signal: options.signal,
      record: (ended) => RunRecord.open(start, journal, ended),
    });
  }

  #newSession(): Conversation {
    const {
      engine,
      limits: _limits,
      forceTools: _forceTools,
      predictor: _predictor,
      audit: _audit,
      ...sessionOptions
    } = this.#options;
    return engine.session(sessionOptions);
  }
}

/** A copy. The engine's own tool descriptions have nothing to run: they are refused here, not when the model calls one. */
function checkTools(tools: readonly Tool[]): readonly Tool[] {
  if (!Array.isArray(tools)) throw invalidOption('tools', 'a list of tools', tools, toolListHint(tools));
  for (const [index, tool] of tools.entries()) {
    if (typeof tool?.execute !== 'function' || typeof tool.check !== 'function') {
      throw invalidOption(`tools[${index}]`, 'a tool of defineTool()', tool, agentToolHint(tool));
    }
  }
  return [...tools];
}
