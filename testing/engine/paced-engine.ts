import { type BackendRequest, checkOpen, type RequestSink } from '../../src/backend/backend.js';
import { Engine } from '../../src/engine/engine.js';
import { NO_DRAFTS } from '../../src/native/draft-kinds.js';
import type { RequestEvent } from '../../src/native/events.js';
import type { NativeModelInfo } from '../../src/native/reports/model-info.js';
import type { NativeStats } from '../../src/native/reports/stats.js';
import type { FinishReason } from '../../src/native/vocabulary.js';
import { ScriptedEngine } from './scripted-engine.js';

interface Paced {
  prompt: number;
  /** Tokens so far. */
  output: number;
  most: number;
}

const NAMED = { name: 'paced', digest: 'paced', maxContext: 100_000, supportsParallelCalls: true };

/**
 * A ScriptedEngine for thousands of streams: each request gets one token at each `step()`, until its `maxTokens` or its cancel,
 * and a step costs next to nothing. What is measured above it is what is above it.
 */
export class PacedEngine extends ScriptedEngine {
  override readonly info = { ...NAMED, maxRunning: 10_000 } as NativeModelInfo;
  /** Tokens after which an answer ends, whatever its `maxTokens`. */
  longest = Number.POSITIVE_INFINITY;
  readonly #text: (index: number) => string;
  readonly #paced = new Map<number, Paced>();
  #submitted = 0;

  /** `text`: of the token at an index. */
  constructor(text: (index: number) => string = () => ' word') {
    super(() => '');
    this.#text = text;
  }

  /** Requests in flight. */
  get running(): number {
    return this.#paced.size;
  }

  override submit(request: BackendRequest, sink: RequestSink): number {
    checkOpen(this);
    const id = ++this.#submitted;
    this.#paced.set(id, { prompt: request.prompt.length, output: 0, most: Math.min(request.maxTokens, this.longest) });
    this.router.attach(id, request, sink);
    return id;
  }

  override cancel(request: number): boolean {
    const paced = this.#paced.get(request);
    if (!paced) return false;
    paced.most = -1;
    return true;
  }

  override async stats(): Promise<NativeStats> {
    checkOpen(this);
    return { running: this.#paced.size, waiting: 0, submitted: this.#submitted } as NativeStats;
  }

  override async close(): Promise<void> {
    this.closed = true;
    for (const paced of this.#paced.values()) paced.most = -1;
    this.step();
  }

  /** One token to each that is in flight, or its end: how many tokens. */
  step(): number {
    const events: RequestEvent[] = [];
    let tokens = 0;
    for (const [request, paced] of this.#paced) {
      if (paced.most < 0 || paced.output === paced.most) {
        this.#paced.delete(request);
        events.push(this.#end(request, paced));
      } else {
        tokens++;
        const text = this.#text(paced.output++);
        events.push({ type: 'tokens', request, tokens: [paced.output], text, reasoning: '' });
      }
    }
    this.router.deliver(events);
    return tokens;
  }

  #end(request: number, { prompt: promptTokens, output, most }: Paced): RequestEvent {
    const reason: FinishReason = most < 0 ? 'cancelled' : 'length';
    const usage = {
      ...{ promptTokens, cachedTokens: 0, computedTokens: promptTokens, outputTokens: output, preemptions: 0 },
      ...{
        cacheWriteTokens: 0,
        draftedTokens: 0,
        forcedTokens: 0,
        acceptedTokens: 0,
        acceptedBy: NO_DRAFTS,
        reasoningTokens: 0,
        queueMs: 0,
        prefillMs: 1,
        ttftMs: 1,
        itlMs: 1,
        totalMs: 2,
        waitedMs: 0,
        bypassed: 0,
        hits: { device: 0, host: 0, disk: 0 },
        retained: '',
      },
      miss: { matched: 0, promptTokens, paged: 0, kept: 0, expected: -1, actual: -1, reason: 'cold' as const },
    };
    return {
      ...{ type: 'finish', request, reason, stopText: '', shortened: false, usage },
      message: {
        content: Array.from({ length: output }, (_, at) => this.#text(at)).join(''),
        reasoning: '',
        toolCalls: [],
      },
    };
  }
}

/** An engine whose steps the caller makes. */
export function paced(text?: (index: number) => string): { engine: Engine; native: PacedEngine } {
  const native = new PacedEngine(text);
  return { engine: new Engine(native), native };
}
