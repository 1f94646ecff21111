import { asBanyanError } from '../kit/errors.js';
import { longText } from '../kit/long-text.js';
import type { ChatInput, NativeEmbedding, NativeEngine, NativeHint } from '../native/binding.js';
import type { NativeDecision } from '../native/decisions.js';
import type { Recorder } from '../trace/recorder.js';
import {
  asking,
  type Backend,
  type BackendRequest,
  checkOpen,
  type EmbeddingSink,
  type RequestSink,
} from './backend.js';
import type { EventRouter } from './event-router.js';

/** The engine in this process: the addon's calls and events, with the promises of Backend. */
export class NativeBackend implements Backend {
  readonly goesOn = true;
  readonly #native: NativeEngine;
  readonly #router: EventRouter;
  #closed = false;
  #closing: Promise<void> | undefined;

  /** `router`: gets the events of this engine. Use `addon().load()`. */
  constructor(native: NativeEngine, router: EventRouter) {
    this.#native = native;
    this.#router = router;
  }

  get info() {
    return this.#native.info;
  }

  get closed(): boolean {
    return this.#closed;
  }

  submit(request: BackendRequest, sink: RequestSink): number {
    return this.#now((native) => {
      const { label: _, ...asked } = request;
      const id = native.submit({ ...asked, grammar: request.grammar ?? '', jsonSchema: '' });
      this.#router.attach(id, request, sink);
      return id;
    });
  }

  embed(request: NativeEmbedding, sink: EmbeddingSink): number {
    return this.#now((native) => {
      const id = native.embed(request);
      this.#router.attachEmbedding(id, sink);
      return id;
    });
  }

  cancel(request: number): boolean {
    return !this.#closed && this.#now((native) => native.cancel(request));
  }

  tokenize(text: string, addSpecial: boolean) {
    return this.#now((native) => native.tokenize(text, addSpecial, true));
  }

  tokenizeLater(text: string, addSpecial: boolean) {
    return this.#later(async (native) => native.tokenizeLater(await longText(text), addSpecial, true));
  }

  detokenize(tokens: Int32Array, special: boolean): string {
    return this.#now((native) => native.detokenize(tokens, special));
  }

  renderChat(input: ChatInput) {
    return this.#later((native) => native.renderChat(input));
  }

  tokenizeChat(text: string, literal: Int32Array) {
    return this.#later((native) => native.tokenizeChat(text, literal));
  }

  parseGrammar(grammar: string, jsonSchema: string) {
    return this.#later((native) => native.parseGrammar(grammar, jsonSchema));
  }

  explain(tenant: string, tokens: Int32Array) {
    return this.#later(async (native) => this.#router.shown(await native.explain(tenant, tokens)));
  }

  pin(tenant: string, tokens: Int32Array, ttlMs: number, share: number) {
    return this.#later((native) => native.pin(tenant, tokens, ttlMs, share));
  }

  async unpin(id: number): Promise<boolean> {
    return !this.#closed && (await this.#later((native) => native.unpin(id)));
  }

  clearCache(): Promise<number> {
    return this.#later((native) => native.clearCache());
  }

  hint(program: number, hint: NativeHint): void {
    this.#now((native) => native.hint(program, hint));
    this.#router.recorder?.hint(program, hint);
  }

  programReport(program: number) {
    return this.#later(async (native) => (await native.programReport(program)) ?? undefined);
  }

  stats() {
    return this.#later((native) => native.stats());
  }

  snapshot(nodes: number, sinceStep: number) {
    return this.#later((native) => native.snapshot(nodes, sinceStep));
  }

  watchDecisions(listener: ((decision: NativeDecision) => void) | undefined): void {
    if (listener || !this.#closed) this.#now((native) => native.setDecisions(listener !== undefined));
    this.#router.onDecision = listener;
  }

  record(recorder: Recorder | undefined): void {
    this.#router.recorder = recorder;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#native.close();
    } catch (reason) {
      throw asBanyanError(reason);
    } finally {
      this.#router.close();
    }
  }

  /** One call of the addon. */
  #now<Result>(call: (native: NativeEngine) => Result): Result {
    return asking(this, () => call(this.#native));
  }

  /** One call of the addon that answers later. */
  async #later<Result>(call: (native: NativeEngine) => Promise<Result>): Promise<Result> {
    checkOpen(this);
    try {
      return await call(this.#native);
    } catch (reason) {
      throw asBanyanError(reason);
    }
  }
}
