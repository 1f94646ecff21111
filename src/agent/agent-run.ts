import { type ChatMessage, type ToolMessage, toToolCall } from '../chat/chat-message.js';
import type { ToolChoice } from '../chat/tool-spec.js';
import type { GenerationResult } from '../engine/generation.js';
import type { ProgramReport } from '../engine/program.js';
import type { Session } from '../engine/session.js';
import { changeOf, isVoid, VOID_TURN } from '../engine/turn.js';
import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError, BanyanError, hasCode } from '../kit/errors.js';
import { EventLog } from '../kit/event-log.js';
import { EventStream } from '../kit/event-stream.js';
import { TimeSlices } from '../kit/time-slices.js';
import {
  type AgentEvent,
  type AgentStep,
  type RunResult,
  type StopReason,
  sumUsage,
  type TraceSpan,
} from './agent-events.js';
import { fitResults } from './fit-results.js';
import type { HostAnswer, HostProgram, HostSession } from './host.js';
import type { PastStep } from './journal/recorded-run.js';
import type { RunRecord } from './journal/run-record.js';
import type { StepRecord } from './journal/step-record.js';
import type { RunAudit } from './run-audit.js';
import type { RunSetup } from './run-setup.js';
import { Speculation } from './speculation/speculation.js';
import { StepTools, type StepToolsListener } from './step-tools.js';
import { type ToolOutcome, type ToolRunOptions, toToolMessage } from './tool-runner.js';
import { tellWhileWaiting } from './while-waiting.js';

type TurnResult = Pick<AgentStep, 'dropped' | 'context'> &
  Pick<GenerationResult, 'text' | 'reasoning' | 'toolCalls' | 'finishReason' | 'usage'>;

/** The most tokens that one turn may be asked for. */
const MOST_A_TURN = 2 ** 30;

/** What restoring a turn costs beside the length of its conversation, in characters of `TimeSlices`. */
const RESTORED = 2_048;

/** One run of an agent: one program to the scheduler, one conversation in the cache. */
export class AgentRun<Conversation extends HostSession = Session> extends EventStream<AgentEvent, RunResult> {
  readonly result: Promise<RunResult>;
  /** The conversation: go on with it in another run, or fork it. */
  readonly session: Conversation;
  readonly #setup: RunSetup<Conversation>;
  readonly #log = new EventLog<AgentEvent>();
  readonly #stop = new AbortController();
  #stopReason: StopReason = 'answer';
  #generation: HostAnswer | undefined;
  #record: RunRecord | undefined;
  #speculation: Speculation | undefined;
  #audit: RunAudit | undefined;
  readonly #steps: AgentStep[] = [];
  readonly #trace: TraceSpan[] = [];
  readonly #started = performance.now();
  readonly #slices = new TimeSlices();

  /** Use `agent.run()`. */
  constructor(setup: RunSetup<Conversation>) {
    super();
    this.#setup = setup;
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
    this.#generation?.cancel();
  }

  async #run(): Promise<RunResult> {
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
      this.#audit?.end(signal?.aborted ? 'ABORTED' : this.#stopReason);
    } catch (reason) {
      this.#audit?.end(asBanyanError(reason).code);
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

  async #recorded(): Promise<void> {
    const record = await this.#setup.record(this.#stop.signal);
    this.#record = record;
    this.#audit = this.#setup.audit({ tenant: this.#tenant, run: record.id });
    this.#audit.check();
    this.#audit.begin(record.input, this.#setup.resumed);
    this.#speculation = this.#speculationOn(record.input);
    await this.#loop(record);
    if (this.#setup.signal?.aborted) return;
    if (record.stopReason) this.#stopReason = record.stopReason;
    else await record.end(this.#stopReason);
  }

  async #loop(record: RunRecord): Promise<void> {
    let messages = record.input;
    let results: ToolMessage[] = [];
    try {
      while (!this.#stop.signal.aborted) {
        if (record.stopReason && this.#steps.length === record.steps) return;
        const step = await this.#step(messages, record);
        if (!step) return this.#limited('context');
        this.#steps.push(step);
        this.#log.append({ type: 'step', step });
        results = step.tools.map(toToolMessage);
        if (this.#stop.signal.aborted) return;
        if (results.length === 0) return this.#answered(step);
        const limit = this.#metLimit();
        if (limit) return this.#limited(limit);
        messages = results;
      }
    } finally {
      this.#tellSession(results);
    }
  }

  #limited(reason: StopReason): void {
    this.#stopReason = reason;
  }

  #answered({ index, finishReason, usage }: AgentStep): void {
    const { maxTokens = Number.POSITIVE_INFINITY, forceTools } = this.#setup;
    const spent = usage.outputTokens >= maxTokens || this.#tokensLeft() === 0;
    if (finishReason === 'length') this.#limited(spent ? 'max-tokens' : 'context');
    else if (index < forceTools) this.#limited('no-call');
  }

  /** What came of the last calls is known to the run that goes on with the conversation: a tool that ran is not called again. */
  #tellSession(results: readonly ToolMessage[]): void {
    if (results.length === 0) return;
    try {
      this.session.push(fitResults(this.#setup.engine, results, this.#roomForResults()) ?? results);
    } catch {} // it was closed meanwhile
  }

  /** Undefined: the context has no room for the messages. */
  async #step(messages: string | readonly ChatMessage[], run: RunRecord): Promise<AgentStep | undefined> {
    const index = this.#steps.length;
    const record = run.step(index);
    const calls = this.#stepTools(index, record);
    const turn = record.past
      ? await this.#restore(messages, record.past, index)
      : await this.#generateFitting(messages, run, record, calls);
    if (!turn) return undefined;
    const { text, reasoning, toolCalls, finishReason, usage, dropped, context } = turn;
    this.#speculation?.over();
    if (!this.#stop.signal.aborted)
      toolCalls.forEach((call, position) => {
        calls.dispatch(position, call);
      });
    this.#speculation?.cancelRest();
    const tools = await this.#awaited(index, calls);
    const ended = finishReason !== 'length' && finishReason !== 'cancelled' && !this.#mustAnswer(index);
    const learn = !record.past && !this.#stop.signal.aborted;
    this.#speculation?.stepped(tools, { learn, ended });
    const said = { index, text, reasoning, tools, toolMs: calls.ms, finishReason, usage };
    return { ...said, dropped, ...(context && { context }) };
  }

  /** What of the next step's prompt is known is computed while its results are awaited. */
  #awaited(step: number, calls: StepTools): Promise<ToolOutcome[]> {
    const { outcomes } = calls;
    const goesOn = !this.#stop.signal.aborted && step + 1 < this.#setup.limits.maxSteps;
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

  #stepTools(step: number, record: StepRecord): StepTools {
    const { tools, limits } = this.#setup;
    const allowed = limits.maxToolCalls - this.#toolCalls();
    const listener: StepToolsListener = {
      called: (call, time) => {
        const expectedMs = tools.find(({ name }) => name === call.name)?.expectedMs;
        if (time !== 'recorded') this.#audit?.called(step, call);
        if (time === 'now') this.#tell((program) => program.toolStarted(call.name, { expectedMs }));
        this.#log.append({ type: 'tool-call', step, call });
      },
      ended: (outcome, time) => {
        const { call, ok, ms } = outcome;
        if (time === 'now') this.#tell((program) => program.toolEnded(call.name));
        if (time !== 'recorded') {
          this.#audit?.ended(step, outcome);
          const endMs = this.#now();
          this.#trace.push({ kind: 'tool', step, name: call.name, startMs: endMs - ms, endMs, ok });
        }
        this.#log.append({ type: 'tool-result', step, outcome });
      },
    };
    return new StepTools(tools, { ...this.#toolOptions, allowed }, record, listener, this.#speculation);
  }

  /** A turn of an earlier life. It costs the length of the conversation, so that a long past is restored in slices. */
  async #restore(
    messages: string | readonly ChatMessage[],
    { turn, usage, read }: PastStep,
    step: number,
  ): Promise<TurnResult> {
    const { message, finishReason, dropped = 0 } = turn;
    const context = changeOf(turn, this.session.tokens.length);
    this.session.restore(read ?? messages, turn);
    if (context) this.#log.append({ type: 'context', step, change: context });
    await this.#slices.after(RESTORED + 4 * this.session.messages.length + turn.tokens.length);
    if (message.reasoning) this.#log.append({ type: 'reasoning', step, text: message.reasoning });
    if (message.content) this.#log.append({ type: 'text', step, text: message.content });
    const toolCalls = message.toolCalls.map(toToolCall);
    return { text: message.content, reasoning: message.reasoning, toolCalls, finishReason, usage, dropped, context };
  }

  /** The first step's messages are the caller's: they are sent as they are, and too long ones reject. */
  async #generateFitting(
    messages: string | readonly ChatMessage[],
    run: RunRecord,
    record: StepRecord,
    calls: StepTools,
  ): Promise<TurnResult | undefined> {
    if (this.#steps.length === 0) return this.#generate(messages, run, record, calls);
    const { engine } = this.#setup;
    for (let room = this.#roomForResults(); ; room = Math.floor(room / 2)) {
      const fitting = fitResults(engine, messages as readonly ToolMessage[], room);
      if (!fitting) return undefined;
      try {
        return await this.#generate(
          fitting,
          run,
          record,
          calls,
          fitting.some((result, at) => result !== messages[at]),
        );
      } catch (reason) {
        if (!hasCode(reason, 'PROMPT_TOO_LONG')) throw reason;
      }
    }
  }

  /** Tokens. */
  #roomForResults(): number {
    const { maxContext } = this.#setup.engine.info;
    const left = maxContext - this.session.tokens.length - Math.min(this.#tokensLeft(), Math.ceil(maxContext / 8));
    // What a session forgets makes room.
    return this.session.onOverflow === 'error' ? left : Math.max(left, Math.floor(maxContext / 2));
  }

  async #generate(
    messages: string | readonly ChatMessage[],
    run: RunRecord,
    record: StepRecord,
    calls: StepTools,
    cut = false,
  ): Promise<TurnResult> {
    const { session, program, deadlineMs, ttftLimitMs } = this.#setup;
    const step = this.#steps.length;
    const startMs = this.#now();
    this.#audit?.check();
    const generation = session.generate(messages, {
      program,
      seed: run.seedOf(step),
      maxTokens: this.#tokensLeft(),
      deadlineMs: deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - startMs),
      // A run that has begun is carried on: turning it away would waste what it has cost.
      ttftLimitMs: step === 0 ? ttftLimitMs : undefined,
      ...this.#toolChoice(step),
    });
    this.#generation = generation;
    if (!this.#mustAnswer(step)) this.#speculation?.begin(); // the prompt is under way: tools do not delay it
    const result = await this.#follow(generation, step, run.kept ? undefined : calls).catch((reason) => {
      if (!hasCode(reason, 'PROMPT_TOO_LONG')) this.#audit?.failed(step, reason); // that one came to no model
      throw reason;
    });
    this.#audit?.model(step, messages, result, this.#now() - startMs);
    this.#trace.push({ kind: 'generate', step, name: 'model', startMs, endMs: this.#now(), ok: true });
    const { finishReason } = result;
    const turn = isVoid(result) ? { ...VOID_TURN, finishReason } : (session.lastTurn ?? VOID_TURN);
    if (run.kept) await record.turn(turn, result.usage, cut ? (messages as readonly ToolMessage[]) : undefined);
    return { ...result, dropped: turn.dropped ?? 0 };
  }

  /** Dispatches calls as they close, if any are to be. Text is only taken apart while the run is read. */
  async #follow(generation: HostAnswer, step: number, calls: StepTools | undefined): Promise<GenerationResult> {
    const streamed = this.isRead;
    if (streamed) {
      for await (const event of generation) {
        if (event.type === 'text' || event.type === 'reasoning' || event.type === 'context')
          this.#log.append({ ...event, step });
        if (event.type === 'tool-call') calls?.dispatch(event.index, event.call);
      }
    } else if (calls) {
      for await (const { index, call } of generation.toolCalls()) calls.dispatch(index, call);
    }
    const result = await generation;
    if (!streamed && result.context) this.#log.append({ type: 'context', step, change: result.context });
    if (!streamed && result.text) this.#log.append({ type: 'text', step, text: result.text });
    return result;
  }

  /** The scheduler is told what the run is about; an engine that was closed meanwhile need not know. */
  #tell(hint: (program: HostProgram) => void): void {
    if (!this.#setup.engine.closed) hint(this.#setup.program);
  }

  #toolChoice(step: number): { toolChoice?: ToolChoice } {
    const { tools, forceTools } = this.#setup;
    if (tools.length === 0) return {};
    if (step < forceTools) return { toolChoice: 'required' };
    return this.#mustAnswer(step) ? { toolChoice: 'none' } : {};
  }

  /** No tool may be called in this step. */
  #mustAnswer(step: number): boolean {
    const { limits, forceTools } = this.#setup;
    return step >= forceTools && (step + 1 >= limits.maxSteps || this.#toolCalls() >= limits.maxToolCalls);
  }

  #metLimit(): StopReason | undefined {
    if (this.#steps.length >= this.#setup.limits.maxSteps) return 'max-steps';
    return this.#tokensLeft() === 0 ? 'max-tokens' : undefined;
  }

  #tokensLeft(): number {
    const { limits, maxTokens = limits.maxTokens } = this.#setup;
    const used = sumUsage(this.#steps, 0).outputTokens;
    return Math.max(0, Math.min(maxTokens, limits.maxTokens - used, MOST_A_TURN));
  }

  #toolCalls(): number {
    return this.#steps.reduce((sum, { tools }) => sum + tools.length, 0);
  }

  #now(): number {
    return performance.now() - this.#started;
  }
}
