import type { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';

/** One declared model, and what is known of it. */
export class ManagedModel {
  readonly name: string;
  readonly options: EngineOptions;
  engine: Engine | undefined;
  /** A load under way, shared by all who wait for it. */
  loading: Promise<Engine> | undefined;
  /** It is being unloaded until this resolves. */
  unloading: Promise<void> | undefined;
  /** Those who use it or wait for it: while there is one it is not unloaded. */
  users = 0;
  /** Bytes that it takes while it is loaded; undefined: it never was. */
  bytes: number | undefined;
  /** Of the clock: when it was used last. */
  lastUsed = 0;
  loads = 0;
  unloads = 0;
  /** Takes the idle timer back. */
  stopIdle: () => void = () => {};

  constructor(name: string, options: EngineOptions) {
    this.name = name;
    this.options = options;
  }

  get state(): 'unloaded' | 'loading' | 'loaded' | 'unloading' {
    if (this.unloading) return 'unloading';
    if (this.engine) return 'loaded';
    return this.loading ? 'loading' : 'unloaded';
  }
}
