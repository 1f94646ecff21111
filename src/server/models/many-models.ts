import type { Engine } from '../../engine/engine.js';
import { asBanyanError, hasCode } from '../../kit/errors.js';
import { invalidOption } from '../../kit/option-checks.js';
import type { ModelLease, ModelReport, Models } from '../../models/models.js';
import { ChangeCounts } from '../../stateless/cache/changes.js';
import { HttpError } from '../http/http-error.js';
import type { ServerSettings } from '../server-options.js';
import type { Tenant } from '../tenants/tenant.js';
import { ModelNames } from './aliases.js';
import { type Catalog, type Counts, type MayAsk, type ModelInUse, notAllowed } from './catalog.js';
import { toModelEntry } from './model-entry.js';
import { countModels } from './models-metrics.js';
import { ServedModel, WAITING_FOR_EACH } from './served-model.js';
import { Waits } from './waits.js';

/** Requests that may wait for loads where the server's `maxWaiting` says nothing: what engines have by default. */
const MOST_WAITING = 16 * WAITING_FOR_EACH;
/** Of a client's name for a model, in an answer. */
const LONGEST_NAME = 200;

/** Several models: a request's `model` says which, and it is loaded first where it is not. */
export class ManyModels implements Catalog {
  readonly changes = new ChangeCounts();
  readonly counts: Counts | undefined;
  readonly #models: Models;
  readonly #settings: ServerSettings;
  readonly #names: ModelNames;
  readonly #created = Math.floor(Date.now() / 1_000);
  /** What is kept of clients, of the engine that new requests get. */
  readonly #served = new Map<string, ServedModel>();
  readonly #waits: Waits;

  /** Throws INVALID_OPTION. */
  constructor(models: Models, settings: ServerSettings) {
    if (settings.modelName !== undefined) {
      throw invalidOption('modelName', 'absent: several models have names of their own', settings.modelName);
    }
    this.#models = models;
    this.#settings = settings;
    const names = models.report().map(({ name }) => name);
    this.#names = new ModelNames(names, settings.aliases);
    this.#waits = new Waits(Math.max(1, settings.maxWaiting ?? MOST_WAITING));
    this.counts = settings.metrics ? this.#counted() : undefined;
  }

  get taken(): number {
    return [...this.#served.values()].reduce((sum, { places }) => sum + places.taken, this.#waits.count);
  }

  entries(may: MayAsk): object[] {
    return this.#reports(may).map((report) => this.#entry(report));
  }

  entry(name: string, may: MayAsk): object {
    const found = this.meant(name, may);
    const [report] = this.#reports((one) => one === found);
    return this.#entry(report as ModelReport);
  }

  meant(name: string | undefined, may: MayAsk): string {
    const known = this.#reports(may).map((one) => one.name);
    const found = name === undefined ? known[0] : this.#names.find(name);
    if (found !== undefined && known.includes(found)) return found;
    if (known.length < this.#models.report().length) throw notAllowed(); // not even that there is one
    const message = `There is no model ${JSON.stringify(name?.slice(0, LONGEST_NAME))}; there are: ${known.join(', ')}`;
    throw new HttpError(404, 'model_not_found', message, 'model');
  }

  async use(name: string, signal: () => AbortSignal, tenant: Tenant | undefined): Promise<ModelInUse> {
    const acquire = async () => {
      try {
        const lease = await this.#models.acquire(name, { signal: signal() });
        if (this.#served.get(name)?.engine !== lease.engine) await readWords(lease.engine);
        return this.#inUse(name, lease);
      } catch (reason) {
        throw toFailure(name, reason);
      }
    };
    const [report] = this.#reports((one) => one === name);
    return report?.state === 'loaded' ? acquire() : this.#waits.during(tenant, acquire);
  }

  async leave(tenant: Tenant): Promise<void> {
    await Promise.all(this.#open.map((served) => served.leave(tenant)));
  }

  async close(): Promise<void> {
    for (const served of this.#served.values()) served.unwatch();
    await Promise.all(this.#open.map(({ callers }) => callers.close()));
  }

  #counted(): Counts {
    const registry = countModels(this.#models);
    const ofModel = (name: string) =>
      this.#served.get(this.meant(name, () => true))?.metrics?.text() ?? Promise.resolve('');
    return { registry, text: async (name) => (name === undefined ? `${await registry.metrics()}\n` : ofModel(name)) };
  }

  inspected(name: string | undefined) {
    const own = name === undefined ? undefined : this.meant(name, () => true);
    return this.#open.find((one) => own === undefined || one.name === own)?.inspected;
  }

  /** Those whose engine is there. */
  get #open(): ServedModel[] {
    return [...this.#served.values()].filter(({ engine }) => !engine.closed);
  }

  #reports(may: MayAsk): ModelReport[] {
    return this.#models.report().filter(({ name }) => may(name));
  }

  #entry({ name, state }: ModelReport): object {
    const maxContext = this.#served.get(name)?.engine.info.maxContext;
    return toModelEntry({ name, created: this.#created, state, aliases: this.#names.aliasesOf(name), maxContext });
  }

  #inUse(name: string, { engine, release }: ModelLease): ModelInUse {
    let served = this.#served.get(name);
    if (served?.engine !== engine) {
      served?.unwatch();
      served = new ServedModel(name, engine, this.#settings, this.changes, served);
      this.#served.set(name, served);
    }
    return { model: served, release };
  }
}

/** Conversations go on by their tokens where an engine's vocabulary was read. */
async function readWords(engine: Engine): Promise<void> {
  if (engine.info.embeddingSize > 0) return;
  await engine.vocabulary().catch(() => {}); // its first request says what is wrong
}

/** Why a load failed is its owner's to read: a message may name files of this machine. */
function toFailure(name: string, reason: unknown): unknown {
  if (hasCode(reason, 'ABORTED') || hasCode(reason, 'CLOSED')) return reason;
  const { code, message } = asBanyanError(reason);
  process.emitWarning(`The model ${name} was not loaded: ${message}`, { code: 'BANYAN_MODEL' });
  return new HttpError(503, 'model_unavailable', `The model ${name} could not be loaded (${code})`, 'model');
}
