import type { Engine } from '../../src/engine/engine.js';
import type { Program } from '../../src/engine/program.js';
import type { CallCost, CallOptions, RunningCall, System } from './system.js';

/** An `Engine` of any kind as workloads drive it: token ids in, answers of forced lengths, agents' tools told. */
export class EngineSystem implements System {
  readonly name: string;
  readonly #engine: Engine;
  readonly #programs = new Map<number, Program>();
  /** Told of each token that came, before the next one does. */
  readonly #heard: () => void;
  /** What a call waits for before it begins. */
  readonly #gate: () => Promise<void>;
  /** Answers by their prompts. */
  readonly answers = new Map<string, readonly number[]>();

  constructor(name: string, engine: Engine, heard: () => void = () => {}, gate: () => Promise<void> = async () => {}) {
    this.name = name;
    this.#engine = engine;
    this.#heard = heard;
    this.#gate = gate;
  }

  start(prompt: readonly number[], outputTokens: number, program: number, options: CallOptions = {}): RunningCall {
    const stop = new AbortController();
    return { done: this.#answer(prompt, outputTokens, program, options, stop.signal), cancel: () => stop.abort() };
  }

  tell(program: number, what: 'tool-started' | 'tool-ended' | 'waiting-for-human' | 'finished', tool: string): void {
    const one = this.#program(program);
    if (what === 'tool-started') one.toolStarted(tool);
    if (what === 'tool-ended') one.toolEnded(tool);
    if (what === 'waiting-for-human') one.waitingForHuman();
    if (what === 'finished') one.finished();
  }

  async forget(): Promise<void> {
    this.answers.clear();
    await this.#engine.clearCache();
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  #program(number: number): Program {
    const known = this.#programs.get(number) ?? this.#engine.program();
    this.#programs.set(number, known);
    return known;
  }

  async #answer(
    prompt: readonly number[],
    maxTokens: number,
    number: number,
    { class: level, salt: tenant, group: id = 0, groupSize: size = 0 }: CallOptions,
    signal: AbortSignal,
  ): Promise<CallCost> {
    await this.#gate();
    const generation = this.#engine.generate([...prompt], {
      ...{ maxTokens, temperature: 0, ignoreEos: true, class: level, tenant, signal },
      ...{ program: this.#program(number), ...(id > 0 && { group: { id, size } }) },
    });
    const tokens: number[] = [];
    const gapsMs: number[] = [];
    let last = 0;
    for await (const event of generation) {
      if (event.type !== 'tokens') continue;
      const now = performance.now();
      if (last > 0) gapsMs.push(now - last);
      last = now;
      for (const token of event.tokens) {
        tokens.push(token);
        this.#heard();
      }
    }
    const { tokens: all, usage } = await generation;
    if (all.length !== tokens.length || all.some((token, at) => token !== tokens[at])) {
      throw new Error(`${this.name} streamed ${tokens.length} tokens, and answered with ${all.length}`);
    }
    this.answers.set(prompt.join(), all);
    const { promptTokens, cachedTokens, queueMs, ttftMs } = usage;
    return { tokens, promptTokens, prefilledTokens: promptTokens - (cachedTokens ?? 0), queueMs, ttftMs, gapsMs };
  }
}
