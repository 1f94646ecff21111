import type { OnOverflow } from '../chat/trim-history.js';
import type { Engine } from '../engine/engine.js';
import type { TurnOptions } from '../engine/request-options.js';
import type { Session } from '../engine/session.js';
import { SESSION_KEYS } from '../engine/session-options.js';
import type { Journal } from './journal/journal.js';
import type { Limits } from './limits.js';
import type { Tool } from './tool.js';

/**
 * Sampling, class, thinking ... hold for every step; `maxTokens` too, `limits.maxTokens` for a whole run. `deadlineMs` is
 * that of a run, from its start; `ttftLimitMs` that of its first step. `seed` is that of a run's first step, the next has
 * seed + 1.
 */
export interface AgentOptions extends Omit<TurnOptions, 'signal' | 'schema' | 'grammar' | 'toolChoice' | 'program'> {
  engine: Engine;
  system?: string | undefined;
  tools?: readonly Tool[] | undefined;
  tenant?: string | undefined;
  /**
   * When a step no longer fits the context. `error`: a run whose task does not fit rejects with PROMPT_TOO_LONG; later its
   * results are cut, and without room for them it ends with `context`. `trim`: the session forgets its oldest messages (see
   * SessionOptions), `step.dropped` says how many. Default `error`: a model that has forgotten a call may make it again.
   */
  onOverflow?: OnOverflow | undefined;
  limits?: Partial<Limits> | undefined;
  /** The model must call a tool in this many first steps (a grammar sees to it). Default 0. */
  forceTools?: number | undefined;
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

/** The names of AgentOptions. */
export const AGENT_KEYS: readonly string[] = [
  ...['engine', 'limits', 'forceTools'],
  ...SESSION_KEYS.filter((key) => !['messages', 'grammar', 'toolChoice', 'program'].includes(key)),
];
