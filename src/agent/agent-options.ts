import type { OnOverflow } from '../chat/trim-history.js';
import type { Engine } from '../engine/engine.js';
import type { Session } from '../engine/session.js';
import { SESSION, type SessionOptions } from '../engine/session-options.js';
import { group, number, type OptionsOf, other } from '../native/option-kinds.js';
import type { Journal } from './journal/journal.js';
import { LIMITS, type Limits } from './limits.js';
import type { Tool } from './tool.js';

/** What an agent has besides what its sessions have. */
export const AGENT_OWN = {
  /** Limits of a run. */
  limits: group<Partial<Limits>>(LIMITS),
  /** Number of first steps in which the model must call a tool (a grammar sees to it), 0 to `limits.maxSteps`. Default 0. */
  forceTools: number({ min: 0, max: 2 ** 31 - 1, whole: true }, 0),
};

/**
 * Sampling, class, thinking ... hold for every step; `maxTokens` too, `limits.maxTokens` for a whole run. `deadlineMs` is
 * that of a run, from its start; `ttftLimitMs` that of its first step. `seed` is that of a run's first step, the next has
 * seed + 1.
 */
export interface AgentOptions
  extends Omit<SessionOptions, 'messages' | 'grammar' | 'toolChoice' | 'program' | 'tools' | 'onOverflow'>,
    OptionsOf<typeof AGENT_OWN> {
  /** Engine that runs it, of `Engine.load()`. */
  engine: Engine;
  /** Tools that the model may call, of `defineTool()`. Default: none. */
  tools?: readonly Tool[] | undefined;
  /**
   * What to do when a step no longer fits the context. `error`: a run whose task does not fit rejects with PROMPT_TOO_LONG;
   * later its results are cut, and without room for them it ends with `context`. `trim`: the session forgets its oldest
   * messages (see SessionOptions), `step.dropped` says how many. Default `error`: a model that has forgotten a call may make
   * it again.
   */
  onOverflow?: OnOverflow | undefined;
}

export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Goes on with the conversation of an earlier run. Default: a new one. */
  session?: Session | undefined;
  /**
   * Writes the run down as it goes: a path, or a store of your own. `resume()` goes on with it after a crash. Tools then
   * start when the model's turn is over and on the disk. Not together with `session`: a journal holds a whole conversation.
   */
  journal?: string | Journal | undefined;
}

const { messages: _messages, grammar: _grammar, toolChoice: _choice, program: _program, ...SHARED } = SESSION;

/** The table of AgentOptions; Agent checks the engine and the tools. */
export const AGENT = {
  engine: other<Engine>('an engine of Engine.load()', (_field, value) => value as Engine),
  ...{ ...SHARED, ...AGENT_OWN },
};
