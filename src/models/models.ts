import { Engine } from '../engine/engine.js';
import type { EngineOptions } from '../engine/engine-options.js';
import { onAbort } from '../kit/abort-listeners.js';
import { BanyanError } from '../kit/errors.js';
import { invalidOption } from '../kit/option-checks.js';
import { readTable } from '../kit/option-table.js';
import { type Clock, MACHINE_CLOCK } from './clock.js';
import { type Loaded, ManagedModel } from './managed-model.js';
import { Memory } from './memory.js';
import { type ModelsOptions, readModelOptions, readModelsOptions } from './models-options.js';
import { bytesOf, leastBytes } from './size.js';
import { SWAP, type SwapOptions, USE, type UseOptions } from './use-options.js';

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
  readonly swaps: number;
  /** Engines that swaps took from it and that are still used. */
  readonly retired: number;
}

export interface SwapReport {
  /** How conversations of the old engine go on in the new one: see `engine.adopt()`. `messages` also where none was loaded. */
  readonly sessions: 'tokens' | 'messages';
  /** True: the new engine was loaded while the old one served. False: there was no room for both, and new users waited for it. */
  readonly beside: boolean;
}

/**
 * Several models in one process under one memory budget. A model is loaded when it is first used; when another needs the room, those that
 * were used least recently are unloaded, and after `idleMs` any that is idle. One in use never is: who needs its room waits. What
 * does not fit at all is refused, with the numbers.
 */
export class Models implements AsyncDisposable {
  readonly #models: ReadonlyMap<string, ManagedModel>;
  readonly #memory: Memory;
  readonly #idleMs: number;
  readonly #load: (options: EngineOptions) => Promise<Engine>;
  readonly #clock: Clock;
  /** Loads, one after the other: two that make room at once would unload too much. */
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** Throws INVALID_OPTION. Loads nothing. */
  constructor(given: ModelsOptions) {
    const { models, memoryBytes, idleMs = 0, load, clock = MACHINE_CLOCK } = readModelsOptions(given);
    this.#models = new Map(Object.entries(models).map(([name, options]) => [name, new ManagedModel(name, options)]));
    this.#memory = new Memory([...this.#models.values()], memoryBytes);
    this.#idleMs = idleMs;
    this.#load = load ?? ((options) => Engine.load(options));
    this.#clock = clock;
  }

  /** What each model is at, in the order in which they were declared. */
  report(): ModelReport[] {
    return [...this.#models.values()].map(({ name, state, bytes, users, loads, unloads, swaps, retired }) => {
      const all = [...retired].reduce((sum, one) => sum + one.users, users);
      return { name, state, bytes, users: all, loads, unloads, swaps, retired: retired.size };
    });
  }

  /** Bytes of the budget, and those that loaded models may take of it. */
  get memory(): { budgetBytes: number; usedBytes: number } {
    return { budgetBytes: this.#memory.budget, usedBytes: this.#memory.used };
  }

  /**
   * The model in use until it is given back: loaded first if need be, once for all who ask meanwhile. Rejects with INVALID_OPTION for a
   * name that is none, OUT_OF_MEMORY when the budget has no room for it at all, ABORTED, CLOSED, and as `Engine.load()` does.
   */
  async acquire(name: string, given: UseOptions = {}): Promise<ModelLease> {
    const { signal: stop } = readTable('options', given, USE);
    const model = this.#named(name);
    checkNotAborted(stop);
    model.waiting++; // from now on it is not unloaded
    model.stopIdle();
    try {
      for (;;) {
        const loaded = await unlessAborted(this.#loaded(model), stop);
        this.#checkOpen();
        if (loaded === model.loaded && !model.unloading) return this.#leaseOf(model, loaded); // else it was swapped meanwhile
      }
    } finally {
      model.waiting--;
      this.#left(model);
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

  /**
   * Another engine under a name, without a gap: it is loaded while the old one serves, or, where the budget has no room for both, once those
   * who use the old one have given it back. From then on new users get it, those who waited too; who uses the old one keeps it until it is
   * given back. Conversations go on by `engine.adopt()`. Where the new one cannot be loaded the old one serves on, loaded again if need be.
   * Swaps of one model come one after the other. Rejects with INVALID_OPTION, OUT_OF_MEMORY, ABORTED, CLOSED, and as `Engine.load()` does.
   */
  async swap(name: string, options: EngineOptions, given: SwapOptions = {}): Promise<SwapReport> {
    const how = readTable('options', given, SWAP);
    const model = this.#named(name);
    const declared = readModelOptions('model', options);
    const swapped = model.swapping.then(() => this.#swap(model, declared, how));
    model.swapping = swapped.catch(() => {});
    return swapped;
  }

  /** Options by which a model is loaded next: as it was declared, or swapped for. Throws INVALID_OPTION. */
  options(name: string): EngineOptions {
    return { ...this.#named(name).options };
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
    this.#memory.tellChanged();
    for (const { swapping } of this.#models.values()) await swapping;
    await this.#turn;
    for (const model of this.#models.values()) {
      while (model.users > 0 || model.retired.size > 0) await this.#memory.change();
      await this.#memory.unload(model);
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

  #leaseOf(model: ManagedModel, loaded: Loaded): ModelLease {
    let given = false;
    loaded.users++;
    const release = () => {
      if (given) return;
      given = true;
      loaded.users--;
      if (loaded.users === 0 && model.retired.has(loaded)) void this.#memory.end(model, loaded);
      this.#left(model);
    };
    return { engine: loaded.engine, release, [Symbol.dispose]: release };
  }

  #left(model: ManagedModel): void {
    model.lastUsed = this.#clock.now();
    this.#idles(model);
    this.#memory.tellChanged();
  }

  #idles(model: ManagedModel): void {
    if (model.users > 0 || this.#idleMs === 0) return;
    model.stopIdle();
    model.stopIdle = this.#clock.after(this.#idleMs, () => {
      if (model.users === 0) void this.#memory.unload(model);
    });
  }

  #loaded(model: ManagedModel): Promise<Loaded> {
    if (model.loading) return model.loading;
    if (model.loaded && !model.unloading) return Promise.resolve(model.loaded);
    return this.#toLoad(
      model,
      this.#inTurn(() => this.#loadDeclared(model)),
    );
  }

  /** Those who ask meanwhile wait for it. */
  #toLoad(model: ManagedModel, loaded: Promise<Loaded>): Promise<Loaded> {
    const loading = loaded.finally(() => {
      if (model.loading === loading) model.loading = undefined;
    });
    model.loading = loading;
    return loading;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #loadDeclared(model: ManagedModel): Promise<Loaded> {
    await model.unloading;
    if (model.loaded) return model.loaded; // by a swap
    const { options } = model;
    return this.#serves(model, await this.#loadNow(model, options, model.bytes ?? (await leastBytes(options))));
  }

  /** `least`: bytes that it takes at least. */
  async #loadNow(model: ManagedModel, options: EngineOptions, least: number, how: SwapOptions = {}): Promise<Loaded> {
    const check = () => this.#checkGoesOn(how.signal);
    for (let needed = least; ; ) {
      await this.#memory.makeRoom(model, needed, check);
      const loaded = await this.#open(model, options, how);
      if (!this.#closing && this.#memory.used + loaded.bytes <= this.#memory.budget) return loaded;
      // It is larger than its file told: room for all of it is made before it is loaded again.
      await loaded.engine.close();
      needed = loaded.bytes;
      if (options === model.options) model.bytes = needed;
    }
  }

  async #open(model: ManagedModel, options: EngineOptions, { signal, onProgress }: SwapOptions): Promise<Loaded> {
    const tell = (fraction: number) => onProgress?.({ stage: 'load', fraction, users: model.loaded?.users ?? 0 });
    tell(0);
    const heard: NonNullable<EngineOptions['onProgress']> = (progress) => {
      options.onProgress?.(progress);
      tell(progress.fraction);
    };
    const engine = await this.#load({
      ...options,
      ...(signal && { signal }),
      ...(onProgress && { onProgress: heard }),
    });
    return { engine, bytes: bytesOf(engine.info), users: 0 };
  }

  /** New users get it. */
  #serves(model: ManagedModel, loaded: Loaded): Loaded {
    Object.assign(model, { loaded, bytes: loaded.bytes });
    model.loads++;
    this.#idles(model); // all who waited may have gone
    return loaded;
  }

  async #swap(model: ManagedModel, options: EngineOptions, how: SwapOptions): Promise<SwapReport> {
    const words = await model.loaded?.engine.vocabulary().catch(() => ''); // before it may be closed
    const beside = await this.#inTurn(() => this.#swapBeside(model, options, how));
    const { engine } = beside ?? (await this.#swapAfter(model, options, how));
    const same = Boolean(words) && words === (await engine.vocabulary().catch(() => ''));
    return { sessions: same ? 'tokens' : 'messages', beside: beside !== undefined };
  }

  /** Undefined: there is no room for it as long as the old one is there. */
  async #swapBeside(model: ManagedModel, options: EngineOptions, how: SwapOptions): Promise<Loaded | undefined> {
    this.#checkGoesOn(how.signal);
    if (!(await this.#memory.roomBeside(model, await leastBytes(options)))) return undefined;
    const loaded = await this.#open(model, options, how);
    try {
      this.#memory.checkFits(model, loaded.bytes);
      await loaded.engine.vocabulary().catch(() => '');
      this.#checkGoesOn(how.signal);
      if (await this.#memory.roomBeside(model, loaded.bytes)) return await this.#replace(model, options, loaded, how);
    } catch (reason) {
      await loaded.engine.close();
      throw reason;
    }
    await loaded.engine.close();
    return undefined;
  }

  /** Once the old one is given back, while new users wait. */
  async #swapAfter(model: ManagedModel, options: EngineOptions, how: SwapOptions): Promise<Loaded> {
    let failure: { reason: unknown } | undefined;
    const load = async () => {
      try {
        for (;;) {
          const over = await this.#drained(model, how);
          const loaded = await this.#inTurn(() => this.#swapDrained(model, options, how, over));
          if (loaded) return loaded;
        }
      } catch (reason) {
        failure = { reason };
        return model.loaded ?? this.#inTurn(() => this.#loadDeclared(model)); // the old one serves on
      }
    };
    const loaded = await this.#toLoad(model, load()).catch(() => undefined);
    if (failure || !loaded) throw failure?.reason;
    return loaded;
  }

  /** Undefined: it is used again, by those who waited for a load that was under way. */
  async #swapDrained(
    model: ManagedModel,
    options: EngineOptions,
    how: SwapOptions,
    over: boolean,
  ): Promise<Loaded | undefined> {
    this.#checkGoesOn(how.signal);
    if (model.loaded && model.loaded.users > 0 && !over) return undefined;
    await this.#memory.unload(model);
    const loaded = await this.#loadNow(model, options, await leastBytes(options), how);
    await loaded.engine.vocabulary().catch(() => '');
    return this.#replace(model, options, loaded, how);
  }

  async #replace(
    model: ManagedModel,
    options: EngineOptions,
    loaded: Loaded,
    { drainMs }: SwapOptions,
  ): Promise<Loaded> {
    await model.unloading;
    const old = model.loaded;
    model.stopIdle();
    model.options = options;
    model.swaps++;
    if (old) {
      model.retired.add(old);
      const end = () => void this.#memory.end(model, old);
      if (old.users === 0) end();
      else if (drainMs !== undefined) this.#clock.after(drainMs, end);
    }
    return this.#serves(model, loaded);
  }

  /** Resolves when nothing uses its engine, or, with true, the time for that is over. */
  async #drained(model: ManagedModel, { signal: stop, drainMs, onProgress }: SwapOptions): Promise<boolean> {
    let over = false;
    const tell = () => this.#memory.tellChanged();
    const end = () => {
      over = true;
      tell();
    };
    const forgetTime = drainMs === undefined ? () => {} : this.#clock.after(drainMs, end);
    const forgetSignal = onAbort(stop, tell);
    try {
      for (;;) {
        this.#checkGoesOn(stop);
        const users = model.loaded?.users ?? 0;
        if (over || users === 0) return over;
        onProgress?.({ stage: 'drain', fraction: 0, users });
        await this.#memory.change();
      }
    } finally {
      forgetTime();
      forgetSignal();
    }
  }

  /** Throws ABORTED, CLOSED. */
  #checkGoesOn(stop: AbortSignal | undefined): void {
    this.#checkOpen();
    checkNotAborted(stop);
  }
}

const aborted = ({ reason }: AbortSignal) =>
  new BanyanError('ABORTED', 'The wait for a model was aborted', { cause: reason });

function checkNotAborted(stop: AbortSignal | undefined): void {
  if (stop?.aborted) throw aborted(stop);
}

async function unlessAborted<Value>(value: Promise<Value>, stop: AbortSignal | undefined): Promise<Value> {
  if (!stop) return value;
  let forget = () => {};
  const ended = new Promise<never>((_resolve, reject) => {
    forget = onAbort(stop, () => reject(aborted(stop)));
  });
  return Promise.race([value, ended]).finally(forget);
}
