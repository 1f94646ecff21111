import type { NativeHint, NativeRequest } from '../native/binding.js';
import {
  TRACE_VERSION,
  type TraceFinish,
  type TraceHeader,
  type TraceHint,
  type TraceLine,
  type TraceSubmit,
  type TraceTokens,
} from './format.js';
import { TracePrompts } from './prompts.js';
import type { TokenChain } from './token-chain.js';

interface Running {
  program: number;
  length: number;
  chain: TokenChain;
}

/** The fields of a request that are recorded. */
export type RecordedRequest = Pick<
  NativeRequest,
  'prompt' | 'program' | 'salt' | 'class' | 'maxTokens' | 'promptLogprobs' | 'cache' | 'deadlineMs' | 'ttftLimitMs'
>;

/** What a request's end adds to the trace; see TraceFinish. */
export type RecordedEnd = Pick<TraceFinish, 'reason' | 'code' | 'cached' | 'computed' | 'preemptions' | 'ttftMs'>;

/** Turns what an engine is asked into lines of a trace. Writes nothing itself: `write` gets each line. */
export class Recorder {
  readonly #write: (line: TraceLine) => void;
  readonly #now: () => number;
  readonly #tokens: TraceTokens;
  readonly #prompts: TracePrompts;
  readonly #tools = new Map<string, string>();
  readonly #running = new Map<number, Running>();
  /** The request of each program that ended last. */
  readonly #lastEnded = new Map<number, number>();

  /** `now`: milliseconds, of any origin; `key`: a secret that is never written. */
  constructor(
    info: TraceHeader['engine'],
    options: { tokens: TraceTokens; key: readonly [number, number] },
    write: (line: TraceLine) => void,
    now: () => number = () => performance.now(),
  ) {
    const began = now();
    this.#now = () => Math.round((now() - began) * 1000);
    this.#write = write;
    this.#tokens = options.tokens;
    this.#prompts = new TracePrompts(options.key, options.tokens);
    const { pages, pageTokens, maxRunning, maxBatchTokens, maxContext } = info;
    const engine = { pages, pageTokens, maxRunning, maxBatchTokens, maxContext };
    write({ type: 'trace', version: TRACE_VERSION, tokens: options.tokens, engine });
  }

  submit(request: number, asked: RecordedRequest): void {
    const { line, chain } = this.#prompts.prompt(asked.salt, asked.prompt);
    const { length } = asked.prompt;
    this.#prompts.remember(request, length, chain);
    this.#running.set(request, { program: asked.program, length, chain });
    const submit: TraceSubmit = {
      type: 'submit',
      t: this.#now(),
      request,
      program: asked.program,
      after: this.#lastEnded.get(asked.program) ?? 0,
      class: asked.class,
      tenant: this.#prompts.tenant(asked.salt),
      ...line,
      maxTokens: Math.max(0, asked.maxTokens),
      cache: asked.cache,
    };
    if (asked.maxTokens === 0) submit.promptOnly = true;
    if (asked.promptLogprobs >= 0) submit.scored = true;
    if (asked.deadlineMs > 0) submit.deadlineMs = asked.deadlineMs;
    if (asked.ttftLimitMs > 0) submit.ttftLimitMs = asked.ttftLimitMs;
    this.#write(submit);
  }

  /** Nothing happens for a request that was submitted before the recording began. */
  finish(request: number, tokens: readonly number[], end: RecordedEnd): void {
    const running = this.#running.get(request);
    if (!running) return;
    this.#running.delete(request);
    if (running.program !== 0) this.#lastEnded.set(running.program, request);
    const output = this.#prompts.output({ request, ...running }, tokens);
    this.#write({ type: 'finish', t: this.#now(), request, ...end, output });
  }

  hint(program: number, { kind, tool, expectedMs, salt, tokens, steps, from }: NativeHint): void {
    const line: TraceHint = { type: 'hint', t: this.#now(), program, hint: kind };
    if (tool !== '') line.tool = this.#toolName(tool);
    if (expectedMs > 0) line.expectedMs = expectedMs;
    if (tokens.length > 0) {
      Object.assign(line, { tenant: this.#prompts.tenant(salt), ...this.#prompts.prompt(salt, tokens).line });
    }
    if (kind === 'next-prefix') line.steps = steps;
    if (from > 0) line.from = from;
    if (kind === 'finished') this.#lastEnded.delete(program);
    this.#write(line);
  }

  /** t1, t2 ... in order of appearance, unless the tokens are written as they are. */
  #toolName(tool: string): string {
    if (this.#tokens === 'ids') return tool;
    const name = this.#tools.get(tool) ?? `t${this.#tools.size + 1}`;
    this.#tools.set(tool, name);
    return name;
  }
}
