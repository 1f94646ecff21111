import type { Engine } from '../engine/engine.js';
import { asBanyanError } from '../kit/errors.js';
import { CLASSES, KEPT, PHASES, WAITS_FOR } from '../native/vocabulary.js';
import { CallLog, type LooksLike } from './call-log.js';
import { packed, type Watchable, type Watcher } from './told.js';
import type { Told } from './told-types.js';

/** Between two looks at the engine. */
const EVERY_MS = 250;

/**
 * What an engine holds, four times a second, to all who watch, and the calls that have ended since this was made. While no page is open the
 * engine is asked nothing.
 */
export class InspectorFeed implements Watchable {
  readonly #engine: Engine;
  readonly #model: string;
  /** Of each the calls that it has heard of, and whether it wants the tree. */
  readonly #watchers = new Map<Watcher, { heard: number; readonly tree: boolean }>();
  readonly #calls: CallLog;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  /** `looksLike`: names what stands where a prompt differs. Throws CLOSED. */
  constructor(engine: Engine, model: string, looksLike?: LooksLike) {
    this.#engine = engine;
    this.#model = model;
    this.#calls = new CallLog(engine, looksLike);
  }

  /** Tells from now on, at first of all calls that are kept. Returns what ends that. */
  watch(watcher: Watcher, { tree } = { tree: true }): () => void {
    this.#watchers.set(watcher, { heard: 0, tree });
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref();
    void this.#look();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Hears of no call any more. */
  close(): void {
    this.#calls.close();
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
        const { count } = this.#calls;
        const calls = JSON.stringify(this.#calls.since(wants.heard));
        if (watcher(`data: ${wants.tree ? whole : small},"calls":${calls}}\n\n`)) wants.heard = count;
      }
    } finally {
      this.#looking = false;
    }
  }

  async #moment(tree: boolean): Promise<Omit<Told, 'calls'>> {
    const [shown, stats] = await Promise.all([this.#engine.snapshot(tree ? {} : { nodes: 0 }), this.#engine.stats()]);
    const { nodes, holds, requests, programs, steps, pages, pagesPerCell } = shown;
    const { nodesLeftOut, waitingLeftOut, programsLeftOut } = shown;
    const { pagesTotal, pagesFree, promptTokens, cachedTokens, pagesEvicted } = stats;
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
      pageTokens: this.#engine.info.pageTokens,
      sums: { promptTokens, cachedTokens, pagesEvicted },
      nowMs: Date.now(),
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
