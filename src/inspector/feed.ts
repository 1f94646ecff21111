import type { Engine } from '../engine/engine.js';
import { asBanyanError } from '../kit/errors.js';
import { CLASSES, KEPT, PHASES, WAITS_FOR } from '../native/vocabulary.js';
import { missSentence } from './miss-sentence.js';
import { packed, type Watchable, type Watcher } from './told.js';
import type { EndedCall, Told } from './told-types.js';

/** Between two looks at the engine. */
const EVERY_MS = 250;
/** Calls that are kept for a watcher to come. */
const MOST_CALLS = 2_000;

/**
 * What an engine holds, four times a second, to all who watch; calls are heard of from the first watcher on. While no page is
 * open the engine is asked nothing.
 */
export class InspectorFeed implements Watchable {
  readonly #engine: Engine;
  readonly #model: string;
  /** Of each the calls that it has heard of, and whether it wants the tree. */
  readonly #watchers = new Map<Watcher, { heard: number; readonly tree: boolean }>();
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
  watch(watcher: Watcher, { tree } = { tree: true }): () => void {
    this.#unhear ??= this.#hear();
    this.#watchers.set(watcher, { heard: 0, tree });
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
      const { promptTokens, outputTokens, queueMs, ttftMs, totalMs, computedTokens } = step.usage;
      const cachedTokens = step.usage.cachedTokens ?? 0;
      const cost = { promptTokens, cachedTokens, computedTokens: computedTokens ?? 0, outputTokens };
      const times = { queueMs, ttftMs, totalMs };
      const { reason, calls: tools } = step;
      this.#calls.push({ program, label, tenant, reason, ...cost, ...times, tools, miss: missSentence(step.usage) });
      this.#count++;
      if (this.#calls.length > 2 * MOST_CALLS) this.#calls = this.#calls.slice(-MOST_CALLS);
    });
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const wholes = [...this.#watchers.values()].some(({ tree }) => tree);
      const moment = await this.#moment(wholes).catch((reason) => ({ error: asBanyanError(reason).message }));
      const whole = JSON.stringify(moment).slice(0, -1);
      const small = wholes && 'tables' in moment ? JSON.stringify(withoutTree(moment)).slice(0, -1) : whole;
      for (const [watcher, wants] of this.#watchers) {
        const fresh = this.#count > wants.heard ? this.#calls.slice(-(this.#count - wants.heard)) : [];
        const calls = JSON.stringify(fresh);
        if (watcher(`data: ${wants.tree ? whole : small},"calls":${calls}}\n\n`)) wants.heard = this.#count;
      }
    } finally {
      this.#looking = false;
    }
  }

  async #moment(tree: boolean): Promise<Omit<Told, 'calls'>> {
    const [shown, stats] = await Promise.all([this.#engine.snapshot(tree ? {} : { nodes: 0 }), this.#engine.stats()]);
    const { nodes, holds, requests, programs, steps, pages, pagesPerCell } = shown;
    const { nodesLeftOut, waitingLeftOut, programsLeftOut } = shown;
    const { pagesTotal, pagesFree } = stats;
    return {
      model: this.#model,
      words: { kept: KEPT, waitsFor: WAITS_FOR, classes: CLASSES, phases: PHASES },
      tables: {
        nodes: packed(nodes),
        holds: packed(holds),
        requests: packed(requests),
        programs: packed(programs),
        steps: packed(steps),
      },
      pages: tree ? Buffer.from(pages).toString('base64') : '',
      ...{ pagesPerCell, nodesLeftOut, waitingLeftOut, programsLeftOut, pagesTotal, pagesFree },
    };
  }
}

function withoutTree(moment: Omit<Told, 'calls'>): Omit<Told, 'calls'> {
  const { nodes, holds } = moment.tables;
  return {
    ...moment,
    tables: { ...moment.tables, nodes: { ...nodes, rows: '' }, holds: { ...holds, rows: '' } },
    pages: '',
  };
}
