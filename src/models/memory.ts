import { BanyanError } from '../kit/errors.js';
import type { Loaded, ManagedModel } from './managed-model.js';
import { inMiB } from './size.js';

/** The budget that loaded models share, and who leaves when another needs room. */
export class Memory {
  readonly budget: number;
  readonly #models: readonly ManagedModel[];
  #changed: (() => void)[] = [];

  constructor(models: readonly ManagedModel[], budget: number) {
    this.#models = models;
    this.budget = budget;
  }

  get used(): number {
    return this.#models.flatMap((model) => model.engines).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Unloads those that were used least recently until there is room; waits while all are in use. `check` throws what ends the wait. */
  async makeRoom(model: ManagedModel, bytes: number, check: () => void): Promise<void> {
    for (;;) {
      check();
      this.checkFits(model, bytes);
      if (this.used + bytes <= this.budget) return;
      const [oldest] = this.#idle;
      await (oldest ? this.unload(oldest) : this.change());
    }
  }

  /** Unloads others that are idle, if that makes room while this one stays; false: it does not, and none was. */
  async roomBeside(model: ManagedModel, bytes: number): Promise<boolean> {
    const idle = this.#idle.filter((one) => one !== model);
    const most = idle.reduce((sum, { loaded }) => sum + (loaded?.bytes ?? 0), this.budget - this.used);
    if (bytes > most) return false;
    for (const one of idle) {
      if (this.used + bytes <= this.budget) break;
      await this.unload(one);
    }
    return this.used + bytes <= this.budget;
  }

  /** Its memory counts until the engine is closed. */
  unload(model: ManagedModel): Promise<void> {
    const { loaded } = model;
    if (!loaded || model.unloading) return model.unloading ?? Promise.resolve();
    model.stopIdle();
    model.unloading = loaded.engine.close().finally(() => {
      model.loaded = undefined;
      model.unloading = undefined;
      model.unloads++;
      this.tellChanged();
    });
    return model.unloading;
  }

  /** Closes an engine that a swap took from a model. Idempotent. */
  async end(model: ManagedModel, retired: Loaded): Promise<void> {
    await retired.engine.close();
    if (model.retired.delete(retired)) model.unloads++;
    this.tellChanged();
  }

  /** Throws OUT_OF_MEMORY for what has no room even alone. */
  checkFits({ name }: ManagedModel, bytes: number): void {
    if (bytes <= this.budget) return;
    const message =
      `${name} takes ${inMiB(bytes)} (${bytes} bytes), and all models together may take ${inMiB(this.budget)} ` +
      `(memoryBytes: ${this.budget}): give it fewer kvTokens, or more memory`;
    throw new BanyanError('OUT_OF_MEMORY', message, { field: 'memoryBytes' });
  }

  /** A model was given back or unloaded, or all is over. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  tellChanged(): void {
    const told = this.#changed;
    this.#changed = [];
    for (const tell of told) tell();
  }

  /** Those that may be unloaded, the least recently used first. */
  get #idle(): ManagedModel[] {
    const idle = this.#models.filter((one) => one.loaded && !one.unloading && one.users === 0);
    return idle.sort((a, b) => a.lastUsed - b.lastUsed);
  }
}
