import type { NativeSimCall, NativeSimProgram, NativeSimWorkload } from '../../src/native/simulation.js';
import type { NativeClass } from '../../src/native/vocabulary.js';
import type { Scale } from './scale.js';

export interface CallPlan {
  after?: number[];
  need?: number;
  base?: number;
  baseTokens?: number;
  /** [name of the content, tokens at GPU scale]. */
  append: [string, number][];
  output: number;
  /** Equal names: equal answers. */
  answer?: string;
  tool?: { name: string; seconds: number };
  /** Of the prompt, system prompt and tools. */
  staticTokens?: number;
  /** Of the prompt, what is known when the tool starts. */
  knownTokens?: number;
  /** Siblings of one fork: a number of their own, and how many they are. */
  group?: number;
  groupSize?: number;
}

/** Builds a workload from lengths and times at GPU scale, and brings them to the scale asked for. */
export class WorkloadBuilder implements NativeSimWorkload {
  readonly programs: NativeSimProgram[] = [];
  readonly calls: NativeSimCall[] = [];
  readonly literals: Int32Array[] = [];
  readonly #contents = new Map<string, number>();

  constructor(readonly scale: Scale) {}

  /** Returns its number. Times in seconds. */
  program(cls: NativeClass, arrival = 0, more: { tenant?: number; abort?: number; ttftLimit?: number } = {}): number {
    const tenant = more.tenant ?? 0;
    return (
      this.programs.push({
        tenant,
        salt: tenant,
        class: cls,
        arrivalUs: this.scale.micros(arrival),
        ttftLimitUs: more.ttftLimit ? this.scale.micros(more.ttftLimit) : 0,
        abortUs: more.abort ? this.scale.micros(more.abort) : 0,
      }) - 1
    );
  }

  call(program: number, plan: CallPlan): number {
    const { after = [], need = 0, base = -1, baseTokens, tool, staticTokens = 0, knownTokens = 0 } = plan;
    return (
      this.calls.push({
        program,
        after,
        need,
        base,
        baseTokens: baseTokens === undefined ? -1 : this.scale.tokens(baseTokens),
        append: plan.append.flatMap(([name, n]) => [this.#content(name), this.scale.tokens(n)]),
        output: this.scale.tokens(plan.output),
        outputContent: plan.answer === undefined ? 0 : this.#content(plan.answer),
        tool: tool?.name ?? '',
        delayUs: tool ? this.scale.micros(tool.seconds) : 0,
        staticTokens: this.scale.tokens(staticTokens),
        knownTokens: this.scale.tokens(knownTokens),
        group: plan.group ?? 0,
        groupSize: plan.groupSize ?? 0,
      }) - 1
    );
  }

  /** An agent's loop: each call continues the one before it, after its tool. Returns the numbers of the calls. */
  loop(program: number, plans: CallPlan[], first: { after?: number[]; base?: number } = {}): number[] {
    const numbers: number[] = [];
    for (const plan of plans) {
      const last = numbers.at(-1);
      const link = last === undefined ? first : { after: [last], base: last };
      numbers.push(this.call(program, { ...link, ...plan }));
    }
    return numbers;
  }

  #content(name: string): number {
    const known = this.#contents.get(name);
    if (known !== undefined) return known;
    this.#contents.set(name, this.#contents.size + 1);
    return this.#contents.size;
  }
}
