import { asBanyanError } from '../kit/errors.js';
import type { NativeDecision } from '../native/decisions.js';
import type { NativeEvent, RequestEvent as NativeRequestEvent } from '../native/events.js';
import type { CallUsage, NativeMiss } from '../native/reports/usage.js';
import type { FinishReason } from '../native/vocabulary.js';
import type { Recorder } from '../trace/recorder.js';
import type { BackendRequest, EmbeddingSink, RequestSink } from './backend.js';

interface Route {
  sink: RequestSink;
  label: string;
  /** Its tokens so far; undefined: it began before the recording. */
  recorded: number[] | undefined;
}

/** The part of a Backend that is the same for all: events to the requests they belong to, and to a recorder. */
export class EventRouter {
  readonly #revealMisses: boolean;
  readonly #routes = new Map<number, Route>();
  readonly #embeddings = new Map<number, EmbeddingSink>();
  /** Labels of requests that ended in the step being delivered: decisions about them follow. */
  readonly #ended = new Map<number, string>();
  /** Gets the scheduler's decisions while they are watched. */
  onDecision: ((decision: NativeDecision) => void) | undefined;
  /** Hears of every request and hint while a recording goes on. */
  recorder: Recorder | undefined;

  /** `revealMisses`: see EngineOptions. */
  constructor(revealMisses = false) {
    this.#revealMisses = revealMisses;
  }

  /** Requests in flight. */
  get size(): number {
    return this.#routes.size + this.#embeddings.size;
  }

  /** Call it right after a request was taken: before its first event. */
  attach(id: number, request: BackendRequest, sink: RequestSink): void {
    this.#routes.set(id, { sink, label: request.label, recorded: this.recorder && [] });
    this.recorder?.submit(id, request);
  }

  /** The same for texts to embed, which no recorder hears of. */
  attachEmbedding(id: number, sink: EmbeddingSink): void {
    this.#embeddings.set(id, sink);
  }

  /** The events of a step, in order. */
  deliver(events: readonly NativeEvent[]): void {
    for (const event of events) {
      if (event.type === 'decision') this.onDecision?.(this.#labelled(event.decision));
      else if (event.type === 'embedding') this.#embeddings.get(event.request)?.(event);
      else if (this.#embeddings.has(event.request)) this.#endEmbedding(event);
      else this.#deliver(event);
    }
    this.#ended.clear();
  }

  /** Ends requests whose last event will never come, because what computed them is gone. */
  close(): void {
    const closed = { type: 'error' as const, code: 'CLOSED', message: 'The engine was closed', retryAfterMs: 0 };
    const inFlight = [...this.#routes.keys(), ...this.#embeddings.keys()];
    this.deliver(inFlight.map((request) => ({ ...closed, request })));
  }

  /** A miss without the token that the cache holds where the prompt leaves it: it may be another request's. */
  shown(miss: NativeMiss): NativeMiss {
    return this.#revealMisses ? miss : { ...miss, expected: -1 };
  }

  #deliver(event: NativeRequestEvent): void {
    const { request } = event;
    const route = this.#routes.get(request);
    if (!route) return;
    if (event.type === 'error') {
      this.#end(request, route, { reason: 'error', code: event.code });
      route.sink({ type: 'error', request, error: asBanyanError(event) });
    } else if (event.type === 'finish') {
      const usage = { ...event.usage, miss: this.shown(event.usage.miss) };
      this.#end(request, route, recordedEnd(event.reason, usage));
      route.sink({ ...event, usage });
    } else {
      if (event.type === 'tokens') route.recorded?.push(...event.tokens);
      route.sink(event);
    }
  }

  #endEmbedding(event: NativeRequestEvent): void {
    const sink = this.#embeddings.get(event.request);
    if (!sink || (event.type !== 'finish' && event.type !== 'error')) return;
    this.#embeddings.delete(event.request);
    sink(event.type === 'finish' ? event : { type: 'error', request: event.request, error: asBanyanError(event) });
  }

  #labelled(decision: NativeDecision): NativeDecision {
    const { request } = decision;
    const label = this.#routes.get(request)?.label ?? this.#ended.get(request);
    return label ? { ...decision, label } : decision;
  }

  #end(request: number, { recorded, label }: Route, end: Parameters<Recorder['finish']>[2]): void {
    this.#routes.delete(request);
    if (label && this.onDecision) this.#ended.set(request, label);
    if (recorded) this.recorder?.finish(request, recorded, end);
  }
}

function recordedEnd(reason: FinishReason, { cachedTokens, computedTokens, preemptions, ttftMs }: CallUsage) {
  return {
    reason,
    ...(cachedTokens !== null && { cached: cachedTokens }),
    computed: computedTokens,
    preemptions,
    ttftMs,
  };
}
