import { type ChatMessage, type ToolMessage, toToolCall } from '../../chat/chat-message.js';
import type { GenerationResult } from '../../engine/generation.js';
import { changeOf, isVoid, VOID_TURN } from '../../engine/turn.js';
import { hasCode } from '../../kit/errors.js';
import type { EventLog } from '../../kit/event-log.js';
import { TimeSlices } from '../../kit/time-slices.js';
import type { AgentEvent, AgentStep, TraceSpan } from '../agent-events.js';
import { fitResults } from '../fit-results.js';
import type { HostAnswer, HostSession } from '../host.js';
import type { PastStep } from '../journal/recorded-run.js';
import type { RunRecord } from '../journal/run-record.js';
import type { StepRecord } from '../journal/step-record.js';
import type { RunAudit } from '../run-audit.js';
import type { Speculation } from '../speculation/speculation.js';
import type { StepTools } from '../step-tools.js';
import type { Budget } from './budget.js';
import type { RunSetup } from './run-setup.js';

/** The model's part of a step. */
export type TurnResult = Pick<AgentStep, 'dropped' | 'context'> &
  Pick<GenerationResult, 'text' | 'reasoning' | 'toolCalls' | 'finishReason' | 'usage'>;

/** What the turns of a run share with it. */
export interface TurnsOf<Conversation extends HostSession> {
  readonly setup: RunSetup<Conversation>;
  readonly record: RunRecord;
  readonly budget: Budget;
  readonly audit: RunAudit;
  readonly speculation: Speculation | undefined;
  readonly log: EventLog<AgentEvent>;
  readonly trace: TraceSpan[];
  /** True: the run's events are read, text is to come as it is written. */
  readonly isRead: () => boolean;
  /** Milliseconds since the run began. */
  readonly now: () => number;
}

/** One step's part: its number, its record, its calls. */
interface StepOf {
  index: number;
  record: StepRecord;
  calls: StepTools;
}

type Messages = string | readonly ChatMessage[];

/** What restoring a turn costs beside the length of its conversation, in characters of `TimeSlices`. */
const RESTORED = 2_048;

/** How the steps of a run get their turns: from the record, or from the model, with results cut to what is left of the context. */
export class Turns<Conversation extends HostSession> {
  readonly #of: TurnsOf<Conversation>;
  readonly #slices = new TimeSlices();
  #generation: HostAnswer | undefined;

  constructor(of: TurnsOf<Conversation>) {
    this.#of = of;
  }

  /** Stops the model. */
  cancel(): void {
    this.#generation?.cancel();
  }

  /** Undefined: the context has no room for the messages. The first step's are the caller's: they are sent as they are, and too long ones reject. */
  async next(messages: Messages, step: StepOf): Promise<TurnResult | undefined> {
    if (step.record.past) return this.#restore(messages, step.record.past, step.index);
    if (step.index === 0) return this.#generate(messages, step, false);
    const given = messages as readonly ToolMessage[];
    for (let room = this.#roomForResults(); ; room = Math.floor(room / 2)) {
      const fitting = fitResults(this.#of.setup.engine, given, room);
      if (!fitting) return undefined;
      try {
        return await this.#generate(
          fitting,
          step,
          fitting.some((result, at) => result !== given[at]),
        );
      } catch (reason) {
        if (!hasCode(reason, 'PROMPT_TOO_LONG')) throw reason;
      }
    }
  }

  /** Results as the context has room for them. */
  fitting(results: readonly ToolMessage[]): readonly ToolMessage[] {
    return fitResults(this.#of.setup.engine, results, this.#roomForResults()) ?? results;
  }

  /** A turn of an earlier life. It costs the length of the conversation, so that a long past is restored in slices. */
  async #restore(messages: Messages, { turn, usage, read }: PastStep, step: number): Promise<TurnResult> {
    const { log, setup } = this.#of;
    const { session } = setup;
    const { message, finishReason, dropped = 0 } = turn;
    const context = changeOf(turn, session.tokens.length);
    session.restore(read ?? messages, turn);
    if (context) log.append({ type: 'context', step, change: context });
    await this.#slices.after(RESTORED + 4 * session.messages.length + turn.tokens.length);
    if (message.reasoning) log.append({ type: 'reasoning', step, text: message.reasoning });
    if (message.content) log.append({ type: 'text', step, text: message.content });
    const toolCalls = message.toolCalls.map(toToolCall);
    return { text: message.content, reasoning: message.reasoning, toolCalls, finishReason, usage, dropped, context };
  }

  /** Tokens. */
  #roomForResults(): number {
    const { setup, budget } = this.#of;
    const { session, engine } = setup;
    const { maxContext } = engine.info;
    const left = maxContext - session.tokens.length - Math.min(budget.tokensLeft, Math.ceil(maxContext / 8));
    // What a session forgets makes room.
    return session.onOverflow === 'error' ? left : Math.max(left, Math.floor(maxContext / 2));
  }

  /** `cut`: the messages are not whole. */
  async #generate(messages: Messages, { index: step, record, calls }: StepOf, cut: boolean): Promise<TurnResult> {
    const { setup, record: run, budget, audit, speculation, now } = this.#of;
    const { session, program, deadlineMs, ttftLimitMs } = setup;
    const startMs = now();
    audit.check();
    const generation = session.generate(messages, {
      program,
      seed: setup.seeds ? run.seedOf(step) : undefined,
      maxTokens: budget.tokensLeft,
      durable: run.kept, // after a crash it goes on in another process
      deadlineMs: deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - startMs),
      // A run that has begun is carried on: turning it away would waste what it has cost.
      ttftLimitMs: step === 0 ? ttftLimitMs : undefined,
      ...budget.toolChoice(step),
    });
    this.#generation = generation;
    if (!budget.mustAnswer(step)) speculation?.begin(); // the prompt is under way: tools do not delay it
    const result = await this.#follow(generation, step, run.kept ? undefined : calls).catch((reason) => {
      if (!hasCode(reason, 'PROMPT_TOO_LONG')) audit.failed(step, reason); // that one came to no model
      throw reason;
    });
    audit.model(step, messages, result, now() - startMs);
    this.#of.trace.push({ kind: 'generate', step, name: 'model', startMs, endMs: now(), ok: true });
    const { finishReason } = result;
    const turn = isVoid(result) ? { ...VOID_TURN, finishReason } : (session.lastTurn ?? VOID_TURN);
    if (run.kept) await record.turn(turn, result.usage, cut ? (messages as readonly ToolMessage[]) : undefined);
    return { ...result, dropped: turn.dropped ?? 0 };
  }

  /** Dispatches calls as they close, if any are to be. Text is only taken apart while the run is read. */
  async #follow(generation: HostAnswer, step: number, calls: StepTools | undefined): Promise<GenerationResult> {
    const { log } = this.#of;
    const streamed = this.#of.isRead();
    if (streamed) {
      for await (const event of generation) {
        if (event.type === 'text' || event.type === 'reasoning' || event.type === 'context')
          log.append({ ...event, step });
        if (event.type === 'tool-call') calls?.dispatch(event.index, event.call);
      }
    } else if (calls) {
      for await (const { index, call } of generation.toolCalls()) calls.dispatch(index, call);
    }
    const result = await generation;
    if (!streamed && result.context) log.append({ type: 'context', step, change: result.context });
    if (!streamed && result.text) log.append({ type: 'text', step, text: result.text });
    return result;
  }
}
