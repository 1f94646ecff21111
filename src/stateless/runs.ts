import type { Engine } from '../engine/engine.js';
import type { GenerationResult } from '../engine/generation.js';
import type { Program } from '../engine/program.js';
import { LruCache } from '../kit/lru-cache.js';

/** Agent runs that are remembered, by their names. */
const MOST = 10_000;

/** One caller's agent run: the scheduler's program of it, and the tools that its last answer called. */
export class Run {
  readonly program: Program;
  readonly #calls: string[] = [];

  constructor(program: Program) {
    this.program = program;
  }

  /** A request of it is about to start: its tools have ended. */
  begin(): void {
    for (const tool of this.#calls.splice(0)) this.program.toolEnded(tool);
  }

  /** An answer of it has ended: what it called is waited for. */
  end({ toolCalls }: Pick<GenerationResult, 'toolCalls'>): void {
    for (const { name } of toolCalls) {
      this.program.toolStarted(name);
      this.#calls.push(name);
    }
  }
}

/**
 * Agent runs of callers that have never heard of programs. A run whose answer calls tools waits for them until its next request
 * comes: told so, the scheduler keeps its pages as long as such a tool usually takes.
 */
export class Runs {
  readonly #engine: Engine;
  readonly #runs = new LruCache<Run>(MOST);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The run of this name; without a name one of its own. */
  run(name: string | undefined): Run {
    const make = () => new Run(this.#engine.program());
    return name === undefined ? make() : this.#runs.get(name, make);
  }
}
