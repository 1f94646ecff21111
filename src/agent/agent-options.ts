import { type AuditLog, checkAuditLog } from '../audit/audit-log.js';
import type { OnOverflow } from '../chat/overflow/overflow-options.js';
import type { Session } from '../engine/session.js';
import { SESSION, type SessionOptions } from '../engine/session-options.js';
import { group, number, type OptionsOf, other, required, signal } from '../native/option-kinds.js';
import { type AgentHost, checkHost, checkSession, type HostSession } from './host.js';
import type { Journal } from './journal/journal.js';
import { checkJournal } from './journal/open-journal.js';
import { LIMITS, type Limits } from './limits.js';
import { checkPredictor, type ToolPredictor } from './speculation/tool-predictor.js';
import type { Tool } from './tool.js';

/** What an agent has besides what its sessions have. */
export const AGENT_OWN = {
  /** Limits of a run. */
  limits: group<Partial<Limits>>(LIMITS),
  /** Number of first steps in which the model must call a tool (a grammar sees to it), 0 to `limits.maxSteps`. Default 0. */
  forceTools: number({ min: 0, max: 2 ** 31 - 1, whole: true }, 0),
  /**
   * Predictor of the next calls: those of `pure` tools that are likely enough begin before the model makes them. What the model
   * reads is the same, only sooner; `result.speculation` says what it gave and cost. Default: none.
   */
  predictor: other<ToolPredictor>('a ToolPredictor', checkPredictor),
  /** Log of `AuditLog.open()` that is told of every call of the model and of tools. Default: none. */
  audit: other<AuditLog>('a log of AuditLog.open()', checkAuditLog),
};

/**
 * Sampling, class, thinking ... hold for every step; `maxTokens` too, `limits.maxTokens` for a whole run. `deadlineMs` is
 * that of a run, from its start; `ttftLimitMs` that of its first step. `seed` is that of a run's first step, the next has
 * seed + 1.
 */
export interface AgentOptions<Conversation extends HostSession = Session>
  extends Omit<SessionOptions, 'messages' | 'grammar' | 'toolChoice' | 'program' | 'tools' | 'onOverflow'>,
    OptionsOf<typeof AGENT_OWN> {
  /** Engine that runs it, of `Engine.load()`, or another AgentHost. */
  engine: AgentHost<Conversation>;
  /** Tools that the model may call, of `defineTool()`. Default: none. */
  tools?: readonly Tool[] | undefined;
  /**
   * What to do when a step no longer fits the context. `error`: a run whose task does not fit rejects with PROMPT_TOO_LONG;
   * later its results are cut, and without room for them it ends with `context`. `results`, `trim`, `window`, `compact`: the
   * session makes room (see SessionOptions), and `step.context` says what was lost. Default `error`: a model that has
   * forgotten a call may make it again.
   */
  onOverflow?: OnOverflow | undefined;
}

/** The table of what `resume()` takes. */
export const RESUME = {
  /** Signal that aborts the run, which then rejects with ABORTED. */
  signal: signal(),
};

/** The table of RunOptions. */
export const RUN = {
  ...RESUME,
  /** Predictor of this run's calls. Default: the agent's. */
  predictor: other<ToolPredictor>('a ToolPredictor', checkPredictor),
  /** Conversation of an earlier run, to go on with. Default: a new one. */
  session: other<HostSession>('a session of the engine', checkSession),
  /**
   * Journal that the run is written down in as it goes: a path, or a store of your own. `resume()` goes on with it after a
   * crash. Tools then start when the model's turn is over and on the disk. Not together with `session`: a journal holds a whole
   * conversation. Default: none.
   */
  journal: other<string | Journal>('a path, or an object with `append` and `entries`', checkJournal),
};

export interface ResumeOptions extends OptionsOf<typeof RESUME> {}

export interface RunOptions<Conversation extends HostSession = Session> extends Omit<OptionsOf<typeof RUN>, 'session'> {
  /** Conversation of an earlier run, to go on with. Default: a new one. */
  session?: Conversation | undefined;
}

const { messages: _messages, grammar: _grammar, toolChoice: _choice, program: _program, ...SHARED } = SESSION;

/** The table of AgentOptions; Agent checks the tools. */
export const AGENT = {
  engine: required(other<AgentHost<HostSession>>('an engine of Engine.load(), or another AgentHost', checkHost)),
  ...{ ...SHARED, ...AGENT_OWN },
};
