import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';

/** An engine of a model that is in memory. */
export interface Loaded {
  readonly engine: Engine;
  /** That it takes. */
  readonly bytes: number;
  /** Leases of it. */
  users: number;
}

/** One declared model, and what is known of it. */
export class ManagedModel {
  readonly name: string;
  /** By which it is loaded; a swap replaces them. */
  options: EngineOptions;
  /** What new users get. */
  loaded: Loaded | undefined;
  /** Engines that a swap took from it, as long as they are used. */
  readonly retired = new Set<Loaded>();
  /** A load under way, shared by all who wait for it. */
  loading: Promise<Loaded> | undefined;
  /** It is being unloaded until this resolves. */
  unloading: Promise<void> | undefined;
  /** Swaps under way, one after the other. */
  swapping: Promise<unknown> = Promise.resolve();
  /** Those who wait for it: while there is one it is not unloaded. */
  waiting = 0;
  /** Bytes that it takes while it is loaded; undefined: it never was. */
  bytes: number | undefined;
  /** Of the clock: when it was used last. */
  lastUsed = 0;
  loads = 0;
  unloads = 0;
  swaps = 0;
  /** Takes the idle timer back. */
  stopIdle: () => void = () => {};

  constructor(name: string, options: EngineOptions) {
    this.name = name;
    this.options = options;
  }

  get state(): 'unloaded' | 'loading' | 'loaded' | 'unloading' {
    if (this.unloading) return 'unloading';
    if (this.loaded && !this.loading) return 'loaded';
    return this.loading ? 'loading' : 'unloaded';
  }

  /** Those who use what new users get, or wait for it. */
  get users(): number {
    return this.waiting + (this.loaded?.users ?? 0);
  }

  /** Engines of it in memory. */
  get engines(): Loaded[] {
    return [...(this.loaded ? [this.loaded] : []), ...this.retired];
  }
}
