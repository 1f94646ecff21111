import type { NativeSimCall, NativeSimProgram, NativeSimWorkload } from '../../src/native/simulation.js';
import type { NativeClass } from '../../src/native/vocabulary.js';
import type { TraceFinish, TraceHeader, TraceHint, TraceLine, TraceSubmit } from '../../src/trace/format.js';

/** `closed`: a program's next request comes as long after its last answer as recorded. `open`: at its recorded time. */
export type Replay = 'closed' | 'open';

/** Never computed, so any token will do. */
const END = 0;

export interface TraceWorkload extends NativeSimWorkload {
  header: TraceHeader | undefined;
  /** By call: the request's number in the trace. */
  requests: number[];
}

/** A recording of engine.record(), JSON Lines, as a workload: the same prompts, the same lengths of answers. */
export function readTrace(text: string, replay: Replay = 'closed'): TraceWorkload {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as TraceLine);
  const reader = new TraceReader(lines, replay);
  return {
    header: lines.find((line): line is TraceHeader => line.type === 'trace'),
    programs: reader.programs,
    calls: reader.calls,
    literals: reader.literals,
    requests: reader.requests,
  };
}

/**
 * The answer, and the token that ended it if it ended by itself: that is no part of it, but then the last token that is
 * was computed, as it is not when a limit ends an answer.
 */
function spoken({ keep, tokens }: TraceSubmit, finish: TraceFinish | undefined): readonly number[] {
  if (!finish) return [];
  const { output, computed, cached = 0 } = finish;
  return computed === keep + tokens.length - cached + output.length ? [...output, END] : output;
}

/** How many of the prompt's first tokens a hint told; the two are written as additions to the same request, or to none. */
function told({ base, keep, tokens }: TraceSubmit, hint: TraceHint | undefined): number {
  if (!hint || hint.base !== base || hint.keep !== keep) return 0;
  const differs = tokens.findIndex((token, i) => token !== hint.tokens?.[i]);
  return keep + (differs < 0 ? tokens.length : differs);
}

class TraceReader {
  readonly programs: NativeSimProgram[] = [];
  readonly calls: NativeSimCall[] = [];
  readonly literals: Int32Array[] = [new Int32Array(0)]; // content 0 stands for "its own answer"
  readonly requests: number[] = [];
  readonly #callOf = new Map<number, number>();
  readonly #prompts = new Map<number, TraceSubmit>();
  readonly #programOf = new Map<string, number>();
  readonly #finishes: Map<number, TraceFinish>;
  readonly #replay: Replay;
  readonly #tools = new Map<number, string>(); // by program of the trace: what runs there now
  readonly #next = new Map<number, TraceHint>(); // how its next prompt begins

  constructor(lines: TraceLine[], replay: Replay) {
    this.#replay = replay;
    const finishes = lines.filter((line): line is TraceFinish => line.type === 'finish');
    this.#finishes = new Map(finishes.map((finish) => [finish.request, finish]));
    for (const line of lines) {
      if (line.type === 'submit') this.#submit(line);
      else if (line.type !== 'hint') continue;
      else if (line.hint === 'tool-started') this.#tools.set(line.program, line.tool ?? 'tool');
      else if (line.hint === 'waiting-for-human') this.#tools.set(line.program, 'human');
      else if (line.hint === 'next-prefix') this.#next.set(line.program, line);
    }
  }

  #submit(line: TraceSubmit): void {
    this.#prompts.set(line.request, line);
    const finish = this.#finishes.get(line.request);
    // Refused requests did no work, and nothing continues them.
    if (finish?.reason === 'error' && finish.output.length === 0) return;
    const program = this.#program(line);
    const answer = spoken(line, finish);
    const before = this.#callOf.get(line.after);
    const chained = this.#replay === 'closed' && before !== undefined;
    const since = chained ? (this.#finishes.get(line.after)?.t ?? line.t) : (this.programs[program]?.arrivalUs ?? 0);
    const prefix = this.#prefix(line.base, line.keep);
    const own = [...prefix.tokens, ...line.tokens];
    this.#callOf.set(line.request, this.calls.length);
    this.requests.push(line.request);
    this.calls.push({
      program,
      after: chained ? [before] : [],
      need: 0,
      base: prefix.base,
      baseTokens: prefix.base < 0 ? -1 : prefix.keep,
      append: [this.#literal(own), own.length],
      output: Math.max(1, answer.length),
      outputContent: answer.length > 0 ? this.#literal(answer) : 0,
      tool: (chained && this.#tools.get(line.program)) || '',
      delayUs: Math.max(0, line.t - since),
      staticTokens: 0,
      knownTokens: told(line, this.#next.get(line.program)),
      group: 0,
      groupSize: 0,
    });
    this.#tools.delete(line.program);
    this.#next.delete(line.program);
  }

  /** The first `keep` tokens of a request: by its call, or written out when it was refused and has none. */
  #prefix(request: number, keep: number): { base: number; keep: number; tokens: number[] } {
    const base = this.#callOf.get(request);
    if (base !== undefined) return { base, keep, tokens: [] };
    if (request === 0) return { base: -1, keep: 0, tokens: [] };
    const refused = this.#prompts.get(request);
    if (!refused) throw new Error(`the trace continues request ${request} before it was submitted`);
    const before = this.#prefix(refused.base, Math.min(keep, refused.keep));
    return { ...before, tokens: [...before.tokens, ...refused.tokens.slice(0, Math.max(0, keep - refused.keep))] };
  }

  #program(line: TraceSubmit): number {
    const key = line.program > 0 ? `p${line.program}` : `r${line.request}`;
    const known = this.#programOf.get(key);
    if (known !== undefined) return known;
    this.programs.push({
      tenant: line.tenant,
      salt: line.tenant,
      class: line.class as NativeClass,
      arrivalUs: line.t,
      ttftLimitUs: (line.ttftLimitMs ?? 0) * 1000,
      abortUs: 0,
    });
    this.#programOf.set(key, this.programs.length - 1);
    return this.programs.length - 1;
  }

  #literal(tokens: readonly number[]): number {
    return this.literals.push(Int32Array.from(tokens)) - 1;
  }
}
