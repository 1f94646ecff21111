import type { AuditLog } from '../audit/audit-log.js';
import type { AuditEvent, AuditOwner } from '../audit/entry.js';
import type { ChatMessage } from '../chat/chat-message.js';
import type { Summary } from '../chat/overflow/context-change.js';
import type { GenerationResult } from '../engine/generation.js';
import { canonicalJson } from '../kit/canonical-json.js';
import { asBanyanError } from '../kit/errors.js';
import type { ToolOutcome } from './tool-runner.js';

type Unowned<Event> = Event extends AuditOwner ? Omit<Event, keyof AuditOwner> : never;

/** What one run tells an audit log, if its agent has one. What a journal plays back was told in an earlier life of the run. */
export class RunAudit {
  readonly #log: AuditLog | undefined;
  readonly #owner: AuditOwner;
  readonly #model: string;

  constructor(log: AuditLog | undefined, owner: AuditOwner, model: string) {
    this.#log = log;
    this.#owner = owner;
    this.#model = model;
  }

  begin(input: string | readonly ChatMessage[], resumed: boolean): void {
    this.#tell((text) => ({ type: 'run', input: text(said(input)), resumed }));
  }

  /** Throws AUDIT_FAILED, CLOSED when nothing can be recorded: then nothing is asked. */
  check(): void {
    this.#log?.check();
  }

  model(step: number, read: string | readonly ChatMessage[], answer: GenerationResult, ms: number): void {
    const { text, reasoning, toolCalls, finishReason, usage, context } = answer;
    const { promptTokens, cachedTokens, outputTokens } = usage;
    this.#tell((asText) => ({
      ...{ type: 'model', step, model: this.#model, read: asText(said(read)), answer: asText(reasoning + text) },
      ...{ calls: toolCalls.map(({ name }) => name), finishReason, promptTokens, cachedTokens, outputTokens, ms },
      ...(context?.summary && { summary: summaryOf(context.summary, asText) }),
    }));
  }

  failed(step: number, reason: unknown): void {
    this.#tell(() => ({ type: 'model-failed', step, model: this.#model, code: asBanyanError(reason).code }));
  }

  /** A tool is about to get a call. Throws AUDIT_FAILED: then it does not get it. */
  called(step: number, { id: callId, name: tool, arguments: json }: ToolOutcome['call']): void {
    this.check();
    this.#tell((text) => ({ type: 'call', step, callId, tool, arguments: text(json) }));
  }

  /** A pure tool is about to get a call that the model has not made. False: nothing can be recorded, and it does not get it. */
  ahead(tool: string, json: string): boolean {
    return this.#tell((text) => ({ type: 'ahead', tool, arguments: text(json) }));
  }

  ended(step: number, { call, ok, content, ms }: ToolOutcome): void {
    this.#tell((text) => ({ type: 'result', step, callId: call.id, tool: call.name, ok, result: text(content), ms }));
  }

  /** How the run ended: its stopReason, or the code of its error. */
  end(reason: string): void {
    this.#tell(() => ({ type: 'end', reason }));
  }

  /** A log that fails is noticed by the next `check`, before anything is asked: what has been done is done. */
  #tell(event: (text: AuditLog['text']) => Unowned<AuditEvent>): boolean {
    if (!this.#log) return true;
    const log = this.#log;
    try {
      log.record({ ...event((text) => log.text(text)), ...this.#owner });
      return true;
    } catch {
      return false;
    }
  }
}

const summaryOf = ({ text, usage: { promptTokens, outputTokens } }: Summary, asText: AuditLog['text']) => ({
  ...{ text: asText(text), promptTokens, outputTokens },
});

const said = (messages: string | readonly ChatMessage[]) =>
  typeof messages === 'string' ? messages : canonicalJson(messages);
