import type { Engine } from '../../engine/engine.js';
import { invalidOption } from '../../kit/option-checks.js';
import type { ServerSettings } from '../server-options.js';
import type { Tenant } from '../tenants/tenant.js';
import { type Catalog, type MayAsk, type ModelInUse, notAllowed } from './catalog.js';
import { toModelEntry } from './model-entry.js';
import { ServedModel } from './served-model.js';

/** One engine, which is always there: whatever name a request has means it. */
export class OneModel implements Catalog {
  readonly #model: ServedModel;
  readonly #created = Math.floor(Date.now() / 1_000);

  /** Throws INVALID_OPTION. */
  constructor(engine: Engine, settings: ServerSettings) {
    const [alias] = Object.keys(settings.aliases);
    if (alias !== undefined) throw invalidOption('aliases', 'absent: one model alone is meant by any name', alias);
    const { name, architecture } = engine.info;
    this.#model = new ServedModel(settings.modelName ?? (name || architecture), engine, settings);
  }

  get changes() {
    return this.#model.callers.changes;
  }

  get counts() {
    const { metrics } = this.#model;
    return metrics && { registry: metrics.registry, text: () => metrics.text() };
  }

  get taken(): number {
    return this.#model.places.taken;
  }

  entries(may: MayAsk): object[] {
    return may(this.#model.name) ? [this.#entry()] : [];
  }

  entry(name: string, may: MayAsk): object {
    this.meant(name, may);
    return this.#entry();
  }

  meant(name: string | undefined, may: MayAsk): string {
    if (name !== undefined && !may(name)) throw notAllowed();
    return this.#model.name;
  }

  async use(): Promise<ModelInUse> {
    return { model: this.#model, release: () => {} };
  }

  inspected() {
    return this.#model.inspected;
  }

  leave(tenant: Tenant): Promise<void> {
    return this.#model.leave(tenant);
  }

  close(): Promise<void> {
    this.#model.unwatch();
    return this.#model.callers.close();
  }

  #entry(): object {
    const { name, engine } = this.#model;
    const { maxContext } = engine.info;
    return toModelEntry({ name, created: this.#created, state: 'loaded', aliases: [], maxContext });
  }
}
