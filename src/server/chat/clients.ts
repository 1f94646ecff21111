import type { IncomingHttpHeaders } from 'node:http';
import type { Engine } from '../../engine/engine.js';
import type { GenerationResult } from '../../engine/generation.js';
import type { Program } from '../../engine/program.js';
import { LruCache } from '../../kit/lru-cache.js';

/** Agent runs that are remembered, by their names. */
const MOST = 10_000;
/** Longest name of a run that is taken from a client, characters. */
const LONGEST = 256;

/** Headers in which clients name the run, or the part of it, that a request belongs to; the first that is there counts. */
const NAMING: readonly (readonly string[])[] = [
  ['x-banyan-program'],
  ['x-claude-code-session-id', 'x-claude-code-agent-id'], // a sub-agent is a run of its own
  ['session-id', 'thread-id'],
  ['session_id', 'thread_id'],
  ['x-session-affinity'],
  ['x-opencode-session'],
  ['x-session-id'],
];

/** The name of the agent run of a request: from its headers, else from its body's `prompt_cache_key`. Undefined: none is given. */
export function runNameOf(headers: IncomingHttpHeaders, cacheKey: string | null | undefined): string | undefined {
  for (const names of NAMING) {
    const [first, second] = names.map((name) => [headers[name]].flat()[0]);
    if (first) return `${names[0]}\n${first.slice(0, LONGEST)}\n${second?.slice(0, LONGEST) ?? ''}`;
  }
  return cacheKey ? `prompt_cache_key\n${cacheKey.slice(0, LONGEST)}` : undefined;
}

/** One client's agent run: the scheduler's program of it, and the tools that its last answer called. */
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
 * Agent runs of clients that have never heard of programs. A run whose answer calls tools waits for them until its next request
 * comes: told so, the scheduler keeps its pages as long as such a tool usually takes.
 */
export class Clients {
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
