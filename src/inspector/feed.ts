import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/entry.js';
import type { Engine } from '../engine/engine.js';
import { asBanyanError, BanyanError } from '../kit/errors.js';
import { CLASSES, KEPT, PHASES, WAITS_FOR } from '../native/vocabulary.js';
import { CallLog, type LooksLike } from './call-log.js';
import { textOfCall } from './call-text.js';
import { type KeptText, KeptTexts } from './kept-texts.js';
import { type Looked, textOfMoment } from './moment-text.js';
import type { Watchable, Watcher } from './told.js';
import type { CallText, NotTold, Texts } from './told-types.js';

/** Between two looks at the engine. */
const EVERY_MS = 250;

/** What a feed is made with. */
export interface FeedOptions {
  /** Names what stands where a prompt differs. */
  readonly looksLike?: LooksLike | undefined;
  /** The text of a call may be asked for, where that is recorded. Default false. */
  readonly texts?: boolean | undefined;
}

interface Watching {
  readonly tree: boolean;
  /** Of the calls that have ended, the last one it was told. */
  heard: number;
  /** The moment it was told last. */
  has?: Looked | undefined;
}

/**
 * What an engine holds, four times a second, to all who watch, and the calls that have ended since this was made. While no page is open the
 * engine is asked nothing.
 */
export class InspectorFeed implements Watchable {
  /** Tells it from the feed of the engine that had the model's name before: both count their calls from 1. */
  readonly id = randomUUID();
  readonly #engine: Engine;
  readonly #model: string;
  readonly #watchers = new Map<Watcher, Watching>();
  readonly #calls: CallLog;
  readonly #texts: KeptTexts | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #last: Looked | undefined;

  /** Throws CLOSED. */
  constructor(engine: Engine, model: string, { looksLike, texts = false }: FeedOptions = {}) {
    this.#engine = engine;
    this.#model = model;
    this.#texts = texts ? new KeptTexts() : undefined;
    this.#calls = new CallLog(engine, looksLike, this.#texts);
  }

  /** Whether texts of calls are told; only while the engine has a log in which that is recorded. */
  get texts(): Texts {
    if (!this.#texts) return 'off';
    return this.#engine.auditLog ? 'shown' : 'unaudited';
  }

  /** A call by its place among all that were heard of; undefined: its text is not kept. */
  kept(order: number): KeptText | undefined {
    return this.#texts?.get(order);
  }

  /** Tokens [from, to) of a call as text. Rejects with CLOSED. */
  textOf(call: KeptText, tokens: { from: number; to: number }): Promise<CallText> {
    return textOfCall(this.#engine, call, tokens);
  }

  /** Resolves when this is in the engine's audit log, on the disk. Rejects with AUDIT_FAILED, CLOSED. */
  async record(event: AuditEvent): Promise<void> {
    const log = this.#engine.auditLog;
    if (!log) throw new BanyanError('AUDIT_FAILED', 'The engine has no audit log');
    log.record(event);
    await log.flush();
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
      this.#last = undefined;
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
      const tree = [...this.#watchers.values()].some((watching) => watching.tree);
      const looked = await this.#ask(tree).catch((reason) => ({ error: asBanyanError(reason).message }));
      this.#tell(looked);
    } finally {
      this.#looking = false;
    }
  }

  /** A watcher that has the last moment gets what has changed since; each text is made once, for all who want it. */
  #tell(looked: Looked | NotTold): void {
    const before = this.#last;
    this.#last = 'error' in looked || this.#watchers.size === 0 ? undefined : looked;
    const texts = new Map<unknown, string>();
    const textOf = (has: Looked | 'no tree' | undefined) => {
      const text =
        texts.get(has) ?? ('error' in looked ? JSON.stringify(looked) : textOfMoment(looked, has)).slice(0, -1);
      texts.set(has, text);
      return text;
    };
    for (const [watcher, watching] of this.#watchers) {
      const has = watching.has === before ? before : undefined;
      const calls = JSON.stringify(this.#calls.since(watching.heard));
      if (!watcher(`data: ${textOf(watching.tree ? has : 'no tree')},"calls":${calls}}\n\n`)) continue;
      watching.heard = this.#calls.count;
      watching.has = this.#last;
    }
  }

  async #ask(tree: boolean): Promise<Looked> {
    const [shown, stats] = await Promise.all([this.#engine.snapshot(tree ? {} : { nodes: 0 }), this.#engine.stats()]);
    const { nodes, holds, requests, programs, steps, pages, pagesPerCell } = shown;
    const { nodesLeftOut, waitingLeftOut, programsLeftOut } = shown;
    const { pagesTotal, pagesFree, promptTokens, cachedTokens, pagesEvicted } = stats;
    const { pagesDisk, statesTotal, statesUsed, statesDisk } = stats;
    return {
      moment: {
        model: this.#model,
        words: { kept: KEPT, waitsFor: WAITS_FOR, classes: CLASSES, phases: PHASES },
        ...{ pagesPerCell, nodesLeftOut, waitingLeftOut, programsLeftOut, pagesTotal, pagesFree },
        pageTokens: this.#engine.info.pageTokens,
        sums: { promptTokens, cachedTokens, pagesEvicted },
        tiers: { pagesDisk, statesTotal, statesUsed, statesDisk },
        nowMs: Date.now(),
        texts: this.texts,
        feed: this.id,
      },
      tables: { nodes, holds, requests, programs, steps },
      pages,
    };
  }
}
