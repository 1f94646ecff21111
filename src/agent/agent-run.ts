import type { ChatMessage, ToolMessage } from '../chat/chat-message.js';
import type { ProgramReport } from '../engine/program.js';
import type { Session } from '../engine/session.js';
import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import { EventLog } from '../kit/event-log.js';
import { EventStream } from '../kit/event-stream.js';
import { beginRun, type RunEvent } from '../observe/run-watch.js';
import {
  type AgentEvent,
  type AgentStep,
  type RunResult,
  type StopReason,
  sumUsage,
  type TraceSpan,
} from './agent-events.js';
import type { HostProgram, HostSession } from './host.js';
import type { RunRecord } from './journal/run-record.js';
import { Budget } from './run/budget.js';
import type { RunSetup } from './run/run-setup.js';
import { Turns } from './run/turns.js';
import type { RunAudit } from './run-audit.js';
import { Speculation } from './speculation/speculation.js';
import { StepTools, type StepToolsListener } from './step-tools.js';
import { type ToolOutcome, type ToolRunOptions, toToolMessage } from './tool-runner.js';
import { tellWhileWaiting } from './while-waiting.js';

/** One run of an agent: one program to the scheduler, one conversation in the cache. */
export class AgentRun<Conversation extends HostSession = Session> extends EventStream<AgentEvent, RunResult> {
  readonly result: Promise<RunResult>;
  /** The conversation: go on with it in another run, or fork it. */
  readonly session: Conversation;
  readonly #setup: RunSetup<Conversation>;
  readonly #log = new EventLog<AgentEvent>();
  readonly #stop = new AbortController();
  #stopReason: StopReason = 'answer';
  #record: RunRecord | undefined;
  #turns: Turns<Conversation> | undefined;
  #speculation: Speculation | undefined;
  #audit: RunAudit | undefined;
  /** Tells those who watch runs; undefined: nothing does. */
  #watched: ((event: RunEvent) => void) | undefined;
  readonly #steps: AgentStep[] = [];
  readonly #budget: Budget;
  readonly #trace: TraceSpan[] = [];
  readonly #started = performance.now();

  /** Use `agent.run()`. */
  constructor(setup: RunSetup<Conversation>) {
    super();
    this.#setup = setup;
    this.#budget = new Budget(setup, this.#steps);
    this.session = setup.session;
    this.result = this.#run().finally(() => this.#log.close());
    this.result.catch(() => {}); // need not be awaited
  }

  /** Stops the model and the tools; the result has stopReason `cancelled` and the steps so far. */
  cancel(): void {
    this.#end('cancelled');
  }

  /** What the run has cost so far in the engine, and what was decided about its pages. */
  report(): Promise<ProgramReport | undefined> {
    return this.#setup.program.report();
  }

  protected async *events(): AsyncGenerator<AgentEvent, void, undefined> {
    yield* this.#log.read();
    yield { type: 'finish', result: await this.result };
  }

  #end(reason: StopReason): void {
    if (this.#log.closed || this.#stop.signal.aborted) return;
    this.#stopReason = reason;
    this.#stop.abort(new Error(reason === 'timeout' ? 'the time of the run is over' : 'the run was cancelled'));
    this.#turns?.cancel();
  }

  async #run(): Promise<RunResult> {
    const { engine: host, program } = this.#setup;
    this.#watched = beginRun(() => ({ kind: 'agent', host, program: program.id, tenant: this.#tenant }));
    await null; // who reads the run has begun to when the first step starts
    const { signal, limits } = this.#setup;
    const aborted = () => new BanyanError('ABORTED', 'The run was aborted', { cause: signal?.reason });
    const abort = () => {
      this.#record?.stop(aborted()); // what is cut off here is not how the run went: resumed, it goes on before
      this.#end('cancelled');
    };
    const forgetSignal = onAbort(signal, abort);
    if (signal?.aborted) abort();
    const timer = setTimeout(() => this.#end('timeout'), limits.timeoutMs);
    try {
      if (!signal?.aborted) await this.#recorded();
      this.#over(signal?.aborted ? 'ABORTED' : this.#stopReason, !signal?.aborted);
    } catch (reason) {
      this.#over(asBanyanError(reason).code, false);
      throw reason;
    } finally {
      clearTimeout(timer);
      forgetSignal();
      if (!this.#stop.signal.aborted) this.#stop.abort(new Error('the run has ended'));
      this.#speculation?.cancelRest();
      this.#tell((program) => (this.#setup.ownSession ? program.finished() : program.waitingForHuman()));
      await this.#record?.close();
    }
    if (signal?.aborted) throw aborted();
    return {
      text: this.#steps.at(-1)?.text ?? '',
      stopReason: this.#stopReason,
      steps: this.#steps,
      usage: sumUsage(this.#steps, this.#now()),
      trace: this.#trace,
      speculation: this.#speculation?.report,
    };
  }

  /** `reason`: its stopReason, or the code of its error. */
  #over(reason: string, ok: boolean): void {
    this.#audit?.end(reason);
    this.#watched?.({ type: 'run-ended', reason, ok, ms: this.#now() });
  }

  async #recorded(): Promise<void> {
    const record = await this.#setup.record(this.#stop.signal);
    this.#record = record;
    const audit = this.#setup.audit({ tenant: this.#tenant, run: record.id });
    this.#audit = audit;
    audit.check();
    audit.begin(record.input, this.#setup.resumed);
    this.#speculation = this.#speculationOn(record.input);
    this.#turns = new Turns({
      ...{ setup: this.#setup, record, budget: this.#budget, audit, speculation: this.#speculation },
      ...{ log: this.#log, trace: this.#trace, isRead: () => this.isRead, now: () => this.#now() },
    });
    await this.#loop(record, this.#turns);
    if (this.#setup.signal?.aborted) return;
    if (record.stopReason) this.#stopReason = record.stopReason;
    else await record.end(this.#stopReason);
  }

  async #loop(record: RunRecord, turns: Turns<Conversation>): Promise<void> {
    let messages = record.input;
    let results: ToolMessage[] = [];
    try {
      while (!this.#stop.signal.aborted) {
        if (record.stopReason && this.#steps.length === record.steps) return;
        const step = await this.#watchedStep(() => this.#step(messages, record, turns));
        if (!step) return this.#limited('context');
        this.#steps.push(step);
        this.#log.append({ type: 'step', step });
        results = step.tools.map(toToolMessage);
        if (this.#stop.signal.aborted) return;
        const limit = results.length === 0 ? this.#budget.limitOf(step) : this.#budget.metLimit();
        if (limit) return this.#limited(limit);
        if (results.length === 0) return;
        messages = results;
      }
    } finally {
      this.#tellSession(results, turns);
    }
  }

  #limited(reason: StopReason): void {
    this.#stopReason = reason;
  }

  /** What came of the last calls is known to the run that goes on with the conversation: a tool that ran is not called again. */
  #tellSession(results: readonly ToolMessage[], turns: Turns<Conversation>): void {
    if (results.length === 0) return;
    try {
      this.session.push(turns.fitting(results));
    } catch {} // it was closed meanwhile
  }

  /** A step as those see it who watch runs. */
  async #watchedStep(run: () => Promise<AgentStep | undefined>): Promise<AgentStep | undefined> {
    const [step, start] = [this.#steps.length, this.#now()];
    this.#watched?.({ type: 'step-began', step, name: 'step' });
    let ok = false;
    try {
      const done = await run();
      ok = done !== undefined;
      return done;
    } finally {
      this.#watched?.({ type: 'step-ended', step, ok, ms: this.#now() - start });
    }
  }

  /** Undefined: the context has no room for the messages. */
  async #step(
    messages: string | readonly ChatMessage[],
    run: RunRecord,
    turns: Turns<Conversation>,
  ): Promise<AgentStep | undefined> {
    const index = this.#steps.length;
    const record = run.step(index);
    const calls = new StepTools(
      this.#setup.tools,
      { ...this.#toolOptions, allowed: this.#budget.callsLeft },
      record,
      this.#listener(index),
      this.#speculation,
    );
    const turn = await turns.next(messages, { index, record, calls });
    if (!turn) return undefined;
    const { text, reasoning, toolCalls, finishReason, usage, dropped, context } = turn;
    this.#speculation?.over();
    if (!this.#stop.signal.aborted)
      toolCalls.forEach((call, position) => {
        calls.dispatch(position, call);
      });
    this.#speculation?.cancelRest();
    const tools = await this.#awaited(index, calls);
    const ended = finishReason !== 'length' && finishReason !== 'cancelled' && !this.#budget.mustAnswer(index);
    const learn = !record.past && !this.#stop.signal.aborted;
    this.#speculation?.stepped(tools, { learn, ended });
    const said = { index, text, reasoning, tools, toolMs: calls.ms, finishReason, usage };
    return { ...said, dropped, ...(context && { context }) };
  }

  /** What of the next step's prompt is known is computed while its results are awaited. */
  #awaited(step: number, calls: StepTools): Promise<ToolOutcome[]> {
    const { outcomes } = calls;
    const goesOn = !this.#stop.signal.aborted && this.#budget.goesOnAfter(step);
    if (goesOn) void tellWhileWaiting(this.session, this.#setup.program, outcomes);
    return Promise.all(outcomes);
  }

  get #toolOptions(): ToolRunOptions {
    const { toolTimeoutMs: timeoutMs, toolResultLimit: resultLimit } = this.#setup.limits;
    return { signal: this.#stop.signal, timeoutMs, resultLimit };
  }

  #speculationOn(said: string | readonly ChatMessage[]): Speculation | undefined {
    const { predictor, tools } = this.#setup;
    const tenant = this.#tenant;
    const begun = (tool: string, json: string) => this.#audit?.ahead(tool, json) ?? true;
    return predictor && new Speculation({ predictor, tools, tenant, said, options: this.#toolOptions, begun });
  }

  get #tenant(): string {
    const { tenant = this.#setup.tenant ?? '' } = this.session;
    return tenant;
  }

  /** Hears of a step's calls: scheduler, audit, trace and events are told. */
  #listener(step: number): StepToolsListener {
    return {
      called: (call, time) => {
        const expectedMs = this.#setup.tools.find(({ name }) => name === call.name)?.expectedMs;
        if (time !== 'recorded') this.#audit?.called(step, call);
        if (time === 'now') {
          this.#tell((program) => program.toolStarted(call.name, { expectedMs }));
          this.#watched?.({ type: 'tool-began', step, id: call.id, tool: call.name });
        }
        this.#log.append({ type: 'tool-call', step, call });
      },
      ended: (outcome, time) => {
        const { call, ok, ms } = outcome;
        if (time === 'now') this.#tell((program) => program.toolEnded(call.name));
        if (time !== 'recorded') {
          this.#audit?.ended(step, outcome);
          this.#watched?.({ type: 'tool-ended', step, id: call.id, tool: call.name, ok, ms, ahead: time === 'ahead' });
          const endMs = this.#now();
          this.#trace.push({ kind: 'tool', step, name: call.name, startMs: endMs - ms, endMs, ok });
        }
        this.#log.append({ type: 'tool-result', step, outcome });
      },
    };
  }

  /** The scheduler is told what the run is about; an engine that was closed meanwhile need not know. */
  #tell(hint: (program: HostProgram) => void): void {
    if (!this.#setup.engine.closed) hint(this.#setup.program);
  }

  #now(): number {
    return performance.now() - this.#started;
  }
}
