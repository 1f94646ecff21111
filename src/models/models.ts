import { Engine } from '../engine/engine.js';
import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { type OptionsOf, signal } from '../native/option-kinds.js';
import { type Clock, MACHINE_CLOCK } from './clock.js';
import { ManagedModel } from './managed-model.js';
import { type ModelsOptions, readModelsOptions } from './models-options.js';
import { bytesOf, inMiB, leastBytes } from './size.js';

/** The table of what a user of a model passes. */
export const USE = {
  /** Signal that ends the wait for the model; a load goes on for the others. */
  signal: signal(),
};

export interface UseOptions extends OptionsOf<typeof USE> {}

/** A loaded model in use. It stays loaded until it is given back. */
export interface ModelLease extends Disposable {
  readonly engine: Engine;
  /** Idempotent. */
  release(): void;
}

/** What answers under a name, loaded when it is needed. */
export interface ModelHandle {
  readonly name: string;
  use<Result>(work: (engine: Engine) => Result | Promise<Result>, options?: UseOptions): Promise<Result>;
}

export interface ModelReport {
  readonly name: string;
  readonly state: 'unloaded' | 'loading' | 'loaded' | 'unloading';
  /** Bytes that it takes while it is loaded; undefined: it never was. */
  readonly bytes: number | undefined;
  /** Those who use it or wait for it. */
  readonly users: number;
  readonly loads: number;
  readonly unloads: number;
}

/**
 * Several models in one process under one memory budget. A model is loaded when it is first used; when another needs the room, those that
 * were used least recently are unloaded, and after `idleMs` any that is idle. One in use never is: who needs its room waits. What
 * does not fit at all is refused, with the numbers.
 */
export class Models implements AsyncDisposable {
  readonly #models: ReadonlyMap<string, ManagedModel>;
  readonly #budget: number;
  readonly #idleMs: number;
  readonly #load: (options: ManagedModel['options']) => Promise<Engine>;
  readonly #clock: Clock;
  /** Loads, one after the other: two that make room at once would unload too much. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Told when a model is given back, unloaded, or all is over. */
  #changed: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  /** Throws INVALID_OPTION. Loads nothing. */
  constructor(given: ModelsOptions) {
    const { models, memoryBytes, idleMs = 0, load, clock = MACHINE_CLOCK } = readModelsOptions(given);
    this.#models = new Map(Object.entries(models).map(([name, options]) => [name, new ManagedModel(name, options)]));
    this.#budget = memoryBytes;
    this.#idleMs = idleMs;
    this.#load = load ?? ((options) => Engine.load(options));
    this.#clock = clock;
  }

  /** What each model is at, in the order in which they were declared. */
  report(): ModelReport[] {
    return [...this.#models.values()].map(({ name, state, bytes, users, loads, unloads }) => {
      return { name, state, bytes, users, loads, unloads };
    });
  }

  /** Bytes of the budget, and those that loaded models may take of it. */
  get memory(): { budgetBytes: number; usedBytes: number } {
    return { budgetBytes: this.#budget, usedBytes: this.#used };
  }

  /**
   * The model in use until it is given back: loaded first if need be, once for all who ask meanwhile. Rejects with INVALID_OPTION for a
   * name that is none, OUT_OF_MEMORY when the budget has no room for it at all, ABORTED, CLOSED, and as `Engine.load()` does.
   */
  async acquire(name: string, given: UseOptions = {}): Promise<ModelLease> {
    const { signal: stop } = readTable('options', given, USE);
    const model = this.#named(name);
    if (stop?.aborted) throw aborted(stop);
    model.users++; // from now on it is not unloaded
    model.stopIdle();
    try {
      return this.#leaseOf(model, await unlessAborted(this.#loaded(model), stop));
    } catch (reason) {
      this.#left(model);
      throw reason;
    }
  }

  /** Work with a model, which stays loaded until the work's end. Rejects as `acquire()` and the work do. */
  async use<Result>(
    name: string,
    work: (engine: Engine) => Result | Promise<Result>,
    options: UseOptions = {},
  ): Promise<Result> {
    using lease = await this.acquire(name, options);
    return await work(lease.engine);
  }

  /** A model by its name, for those who use it now and then: a tier, a route. Loads nothing. Throws INVALID_OPTION. */
  model(name: string): ModelHandle {
    this.#named(name);
    return { name, use: (work, options) => this.use(name, work, options) };
  }

  /** Takes no new users, waits for those that there are, and unloads all. Those who wait for a load reject with CLOSED. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await null; // #closing is set: who waits for room hears of it
    this.#tellChanged();
    await this.#turn;
    for (const model of this.#models.values()) {
      while (model.users > 0) await this.#change();
      await this.#unload(model);
    }
  }

  #named(name: string): ManagedModel {
    this.#checkOpen();
    const model = this.#models.get(name);
    if (model) return model;
    throw invalidOption('name', `one of ${[...this.#models.keys()].join(', ')}`, name);
  }

  #checkOpen(): void {
    if (this.#closing) throw new BanyanError('CLOSED', 'The models are closed');
  }

  #leaseOf(model: ManagedModel, engine: Engine): ModelLease {
    let given = false;
    const release = () => {
      if (given) return;
      given = true;
      this.#left(model);
    };
    return { engine, release, [Symbol.dispose]: release };
  }

  #left(model: ManagedModel): void {
    model.users--;
    model.lastUsed = this.#clock.now();
    this.#idles(model);
    this.#tellChanged();
  }

  #idles(model: ManagedModel): void {
    if (model.users > 0 || this.#idleMs === 0) return;
    model.stopIdle();
    model.stopIdle = this.#clock.after(this.#idleMs, () => {
      if (model.users === 0) void this.#unload(model);
    });
  }

  #loaded(model: ManagedModel): Promise<Engine> {
    if (model.engine && !model.unloading) return Promise.resolve(model.engine);
    if (!model.loading) {
      const loading = this.#turn.then(() => this.#loadNow(model));
      model.loading = loading.finally(() => {
        model.loading = undefined;
      });
      this.#turn = model.loading.catch(() => {});
    }
    return model.loading;
  }

  async #loadNow(model: ManagedModel): Promise<Engine> {
    for (let least = model.bytes ?? (await leastBytes(model.options)); ; ) {
      await model.unloading;
      await this.#makeRoom(model, least);
      const engine = await this.#load(model.options);
      model.bytes = bytesOf(engine.info);
      if (this.#closing || this.#used + model.bytes > this.#budget) {
        // It is larger than its file told: room for all of it is made before it is loaded again.
        await engine.close();
        least = model.bytes;
        continue;
      }
      model.engine = engine;
      model.loads++;
      this.#idles(model); // all who waited may have gone
      return engine;
    }
  }

  /** Unloads those that were used least recently until there is room; waits while all are in use. */
  async #makeRoom(model: ManagedModel, bytes: number): Promise<void> {
    for (;;) {
      this.#checkOpen();
      if (bytes > this.#budget) throw this.#tooLarge(model, bytes);
      if (this.#used + bytes <= this.#budget) return;
      const idle = [...this.#models.values()].filter((one) => one.engine && !one.unloading && one.users === 0);
      const [oldest] = idle.sort((a, b) => a.lastUsed - b.lastUsed);
      await (oldest ? this.#unload(oldest) : this.#change());
    }
  }

  #tooLarge({ name }: ManagedModel, bytes: number): BanyanError {
    const message =
      `${name} takes ${inMiB(bytes)} (${bytes} bytes), and all models together may take ${inMiB(this.#budget)} ` +
      `(memoryBytes: ${this.#budget}): give it fewer kvTokens, or more memory`;
    return new BanyanError('OUT_OF_MEMORY', message, { field: 'memoryBytes' });
  }

  get #used(): number {
    return [...this.#models.values()].reduce((sum, { engine, bytes = 0 }) => sum + (engine ? bytes : 0), 0);
  }

  /** Its memory counts until the engine is closed. */
  #unload(model: ManagedModel): Promise<void> {
    const { engine } = model;
    if (!engine || model.unloading) return model.unloading ?? Promise.resolve();
    model.stopIdle();
    model.unloading = engine.close().finally(() => {
      model.engine = undefined;
      model.unloading = undefined;
      model.unloads++;
      this.#tellChanged();
    });
    return model.unloading;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #tellChanged(): void {
    const told = this.#changed;
    this.#changed = [];
    for (const tell of told) tell();
  }
}

const aborted = ({ reason }: AbortSignal) =>
  new BanyanError('ABORTED', 'The wait for a model was aborted', { cause: reason });

async function unlessAborted<Value>(value: Promise<Value>, stop: AbortSignal | undefined): Promise<Value> {
  if (!stop) return value;
  let forget = () => {};
  const ended = new Promise<never>((_resolve, reject) => {
    forget = onAbort(stop, () => reject(aborted(stop)));
  });
  return Promise.race([value, ended]).finally(forget);
}
