import type { ChatMessage } from '../engine/chat-message.js';
import type { Engine } from '../engine/engine.js';
import { BanyanError } from '../engine/errors.js';
import type { TurnOptions } from '../engine/generate-options.js';
import { checkInteger, checkKeys, checkSignal } from '../engine/option-checks.js';
import type { Session } from '../engine/session.js';
import { AgentRun } from './agent-run.js';
import { type Limits, toLimits } from './limits.js';
import type { Tool } from './tool.js';

/**
 * Sampling, class, thinking ... hold for every step; `maxTokens` too, `limits.maxTokens` for a whole run. `deadlineMs` is
 * that of a run, from its start; `ttftLimitMs` that of its first step.
 */
export interface AgentOptions extends Omit<TurnOptions, 'signal' | 'schema' | 'grammar' | 'toolChoice' | 'program'> {
  engine: Engine;
  system?: string | undefined;
  tools?: readonly Tool[] | undefined;
  tenant?: string | undefined;
  limits?: Partial<Limits> | undefined;
  /** The model must call a tool in this many first steps (a grammar sees to it). Default 0. */
  forceTools?: number | undefined;
}

export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Goes on with the conversation of an earlier run. Default: a new one. */
  session?: Session | undefined;
}

/** A model with instructions and tools. It keeps no state: any number of runs may go at the same time. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #limits: Limits;
  readonly #forceTools: number;

  /** Throws INVALID_OPTION, CLOSED, and MODEL_UNSUPPORTED when the model's chat template would drop the tools. */
  constructor(options: AgentOptions) {
    this.#options = { ...options, tools: [...(options.tools ?? [])] };
    this.#limits = toLimits(options.limits);
    this.#forceTools = checkInteger('forceTools', options.forceTools ?? 0, 0, this.#limits.maxSteps);
    if (this.#forceTools > 0 && !options.tools?.length) {
      throw new BanyanError('INVALID_OPTION', 'forceTools needs tools', { field: 'forceTools' });
    }
    if (options.tools?.length && options.engine.info.supportsTools === false) {
      throw new BanyanError('MODEL_UNSUPPORTED', 'The chat template of this model knows no tools', { field: 'tools' });
    }
    this.#newSession();
  }

  /** Model, tools, model ... until it answers. Read the events, await the result, or both. */
  run(input: string | readonly ChatMessage[], options: RunOptions = {}): AgentRun {
    checkKeys('options', options, ['signal', 'session']);
    checkSignal('signal', options.signal);
    return new AgentRun(input, {
      engine: this.#options.engine,
      ownSession: options.session === undefined,
      session: options.session ?? this.#newSession(),
      tools: this.#options.tools ?? [],
      limits: this.#limits,
      forceTools: this.#forceTools,
      program: this.#options.engine.program(),
      deadlineMs: this.#options.deadlineMs,
      ttftLimitMs: this.#options.ttftLimitMs,
      maxTokens: this.#options.maxTokens,
      signal: options.signal,
    });
  }

  #newSession(): Session {
    const { engine, limits: _limits, forceTools: _forceTools, ...sessionOptions } = this.#options;
    return engine.session(sessionOptions);
  }
}
