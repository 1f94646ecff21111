import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NativeSimCall, type NativeSimWorkload, SIM_STATES } from '../../src/native/simulation.js';
import { type CallTable, emptyTable } from './call-table.js';
import { contents } from './contents.js';
import type { System } from './system.js';

const FINISHED = SIM_STATES.indexOf('finished');
const CANCELLED = SIM_STATES.indexOf('cancelled');

/** What a workload cost on a system: a row a call, as the simulator gives them, and the process that computes. */
export interface Driven extends CallTable {
  wallMs: number;
  /** Of the process: what a busy machine cannot blur. Waiting threads may spin, so compare it at one thread. */
  cpuMs: number;
}

/**
 * Runs on a real system what the simulator runs on its clock: the calls of a workload, each when those before it have
 * ended and its tool has taken its time. Answers have forced lengths, tokens are drawn from the contents' numbers.
 * `untilMs`: what is not done by then is cancelled. `salt`: runs with another one share no tokens, for systems that cannot forget.
 */
export async function drive(
  system: System,
  workload: NativeSimWorkload,
  options: { untilMs?: number; salt?: string } = {},
): Promise<Driven> {
  const cpu = cpuMsOf(system);
  const began = performance.now();
  const run = new Drive(system, workload, began, options.salt);
  const timer = options.untilMs === undefined ? undefined : setTimeout(() => run.stop(), options.untilMs);
  await run.whole();
  clearTimeout(timer);
  return { ...run.table, wallMs: performance.now() - began, cpuMs: cpuMsOf(system) - cpu };
}

function cpuMsOf(system: System): number {
  const { user, system: kernel } = process.cpuUsage();
  return system.cpuMs?.() ?? (user + kernel) / 1000;
}

/** Programs keep their numbers apart from those of earlier runs: a system may remember them. */
let programs = 1;

class Drive {
  readonly table: CallTable;
  readonly #system: System;
  readonly #workload: NativeSimWorkload;
  readonly #began: number;
  readonly #firstProgram: number;
  readonly #contexts: (readonly number[])[] = [];
  readonly #ends: Promise<void>[] = [];
  readonly #left: number[];
  readonly #live = new Map<number, () => void>();
  readonly #stopped = new AbortController();
  readonly #tokens: ReturnType<typeof contents>;

  constructor(system: System, workload: NativeSimWorkload, began: number, salt?: string) {
    this.#tokens = contents(salt);
    this.#system = system;
    this.#workload = workload;
    this.#began = began;
    this.#firstProgram = programs;
    programs += workload.programs.length;
    setMaxListeners(0, this.#stopped.signal); // every call that waits listens
    this.table = emptyTable(workload.calls.length);
    this.#left = workload.programs.map((_, p) => workload.calls.filter(({ program }) => program === p).length);
  }

  async whole(): Promise<void> {
    // In order: a call waits for earlier ones only.
    for (const [number, call] of this.#workload.calls.entries()) this.#ends.push(this.#call(number, call));
    await Promise.all(this.#ends);
  }

  stop(): void {
    this.#stopped.abort();
    for (const cancel of this.#live.values()) cancel();
  }

  async #call(number: number, call: NativeSimCall): Promise<void> {
    const program = this.#firstProgram + call.program;
    const arrivalMs = (this.#workload.programs[call.program]?.arrivalUs ?? 0) / 1000;
    try {
      await Promise.all([this.#sleep(arrivalMs), this.#before(call), this.#toolStarts(call, program)]);
      await this.#sleep(call.delayUs / 1000);
      if (call.tool && call.tool !== 'human') this.#system.tell?.(program, 'tool-ended', call.tool);
      if (!this.#stopped.signal.aborted) await this.#answer(number, call, program);
    } finally {
      this.#left[call.program] = (this.#left[call.program] ?? 0) - 1;
      if (this.#left[call.program] === 0) this.#system.tell?.(program, 'finished', '');
    }
  }

  /** Waits for all calls before it, or for as many as it needs; the others are cancelled then. */
  async #before({ after, need }: NativeSimCall): Promise<void> {
    const ends = after.map((number) => this.#ends[number]);
    if (need === 0) return void (await Promise.all(ends));
    let ended = 0;
    await new Promise<void>((resolve) => {
      for (const end of ends) end?.then(() => ++ended === need && resolve());
    });
    for (const number of after) this.#live.get(number)?.();
  }

  /** The scheduler hears of a tool when the program's own last call has ended: what the tool waits for is part of it. */
  async #toolStarts({ tool, after }: NativeSimCall, program: number): Promise<void> {
    if (!tool) return;
    const own = after.find((number) => (this.#workload.calls[number]?.program ?? -1) + this.#firstProgram === program);
    if (own !== undefined) await this.#ends[own];
    this.#system.tell?.(program, tool === 'human' ? 'waiting-for-human' : 'tool-started', tool);
  }

  async #answer(number: number, call: NativeSimCall, program: number): Promise<void> {
    const { table } = this;
    const plan = this.#workload.programs[call.program];
    const prompt = this.#prompt(call);
    const due = this.#now();
    table.dueUs[number] = due;
    const options = {
      class: plan?.class ?? 'workflow',
      salt: plan?.salt ? `tenant ${plan.salt}` : '',
      group: call.group,
      groupSize: call.groupSize,
      staticTokens: call.staticTokens,
    };
    const running = this.#system.start(prompt, call.output, program, options);
    let cancelled = false;
    this.#live.set(number, () => {
      cancelled = true;
      running.cancel();
    });
    const cost = await running.done;
    this.#live.delete(number);
    this.#contexts[number] = [...prompt, ...cost.tokens];
    table.state[number] = cancelled ? CANCELLED : FINISHED;
    table.admittedUs[number] = due + cost.queueMs * 1000;
    table.firstTokenUs[number] = cost.ttftMs > 0 ? due + cost.ttftMs * 1000 : 0;
    table.endedUs[number] = this.#now();
    table.promptTokens[number] = cost.promptTokens;
    table.cachedTokens[number] = cost.promptTokens - cost.prefilledTokens;
    table.outputTokens[number] = cost.tokens.length;
    table.gapsMs[number] = cost.gapsMs;
  }

  #prompt({ base, baseTokens, append }: NativeSimCall): number[] {
    const past = base < 0 ? [] : (this.#contexts[base] ?? []);
    const prompt = baseTokens < 0 ? [...past] : past.slice(0, baseTokens);
    for (let i = 0; i < append.length; i += 2)
      prompt.push(...this.#tokens(append[i] as number, append[i + 1] as number));
    return prompt;
  }

  #now(): number {
    return (performance.now() - this.#began) * 1000;
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => {});
  }
}
