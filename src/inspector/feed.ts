import type { Engine } from '../engine/engine.js';
import { asBanyanError } from '../kit/errors.js';
import type { NativeUsage } from '../native/reports.js';
import { CLASSES, KEPT, PHASES, WAITS_FOR } from '../native/vocabulary.js';
import { missSentence } from './miss-sentence.js';

/** Between two looks at the engine. */
const EVERY_MS = 250;
/** Calls that are kept for a watcher to come. */
const MOST_CALLS = 2_000;

/** A call that has ended. No text of it. */
export interface EndedCall extends Pick<NativeUsage, 'outputTokens' | 'promptTokens' | 'queueMs' | 'totalMs'> {
  readonly program: number;
  readonly label: string;
  readonly tenant: string;
  readonly reason: string;
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly tools: readonly string[];
  /** Hit, or why not. */
  readonly miss: string;
}

/** One who looks: gets the text of each event; false: it has not read the one before. */
export type Watcher = (event: string) => boolean;

const packed = ({ fields, rows }: { fields: readonly string[]; rows: Float64Array }) => {
  return { fields, rows: Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength).toString('base64') };
};

/**
 * What an engine holds, four times a second, to all who watch; calls are heard of from the first watcher on. While no page is
 * open the engine is asked nothing.
 */
export class InspectorFeed {
  readonly #engine: Engine;
  readonly #model: string;
  readonly #watchers = new Map<Watcher, number>();
  #calls: EndedCall[] = [];
  /** Calls so far, those that were dropped too. */
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #unhear: (() => void) | undefined;
  #looking = false;

  constructor(engine: Engine, model: string) {
    this.#engine = engine;
    this.#model = model;
  }

  /** Tells from now on. Returns what ends that. Throws CLOSED. */
  watch(watcher: Watcher): () => void {
    this.#unhear ??= this.#hear();
    this.#watchers.set(watcher, 0);
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref();
    void this.#look();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#unhear?.();
      this.#unhear = undefined;
    };
  }

  #hear(): () => void {
    return this.#engine.watchRequests(({ program, label, tenant }) => (step) => {
      if (step.type !== 'ended' || !step.started) return;
      const { promptTokens, outputTokens, queueMs, totalMs, computedTokens } = step.usage;
      const cachedTokens = step.usage.cachedTokens ?? 0;
      const cost = { promptTokens, cachedTokens, computedTokens: computedTokens ?? 0, outputTokens, queueMs, totalMs };
      const { reason, calls: tools } = step;
      this.#calls.push({ program, label, tenant, reason, ...cost, tools, miss: missSentence(step.usage) });
      this.#count++;
      if (this.#calls.length > 2 * MOST_CALLS) this.#calls = this.#calls.slice(-MOST_CALLS);
    });
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const moment = await this.#moment().catch((reason) => ({ error: asBanyanError(reason).message }));
      const head = JSON.stringify(moment).slice(0, -1);
      for (const [watcher, heard] of this.#watchers) {
        const fresh = this.#count > heard ? this.#calls.slice(-(this.#count - heard)) : [];
        if (watcher(`data: ${head},"calls":${JSON.stringify(fresh)}}\n\n`)) this.#watchers.set(watcher, this.#count);
      }
    } finally {
      this.#looking = false;
    }
  }

  async #moment(): Promise<object> {
    const [shown, stats] = await Promise.all([this.#engine.snapshot(), this.#engine.stats()]);
    const { nodes, holds, requests, programs, steps, pages, pagesPerCell, nodesLeftOut, waitingLeftOut } = shown;
    const tables = { nodes, holds, requests, programs, steps };
    const { pagesTotal, pagesFree } = stats;
    return {
      model: this.#model,
      words: { kept: KEPT, waitsFor: WAITS_FOR, classes: CLASSES, phases: PHASES },
      tables: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, packed(table)])),
      pages: Buffer.from(pages).toString('base64'),
      ...{ pagesPerCell, nodesLeftOut, waitingLeftOut, pagesTotal, pagesFree },
    };
  }
}
