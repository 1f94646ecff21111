import type { Engine } from '../../engine/engine.js';
import { InspectorFeed } from '../../inspector/feed.js';
import { type Metrics, metrics } from '../../metrics/metrics.js';
import type { ChangeCounts } from '../../stateless/cache/changes.js';
import { volatileKind } from '../../stateless/cache/volatile-text.js';
import { Callers } from '../../stateless/callers.js';
import { Places } from '../http/places.js';
import type { ServerSettings } from '../server-options.js';
import type { Tenant } from '../tenants/tenant.js';

/** Answers that may wait for each that is computed. */
export const WAITING_FOR_EACH = 16;

/** What a model keeps of clients that are not told apart. */
export interface ModelClients {
  /** Their agent runs and conversations. */
  readonly callers: Callers;
  /** All places of the model; those are taken where their answers are under way. */
  readonly places: Places;
}

/**
 * A loaded model, and what a server keeps of its clients. That ends with the engine that it stands on, but for conversations: they go on with
 * the engine that comes after it.
 */
export class ServedModel implements ModelClients {
  /** On the wire. */
  readonly name: string;
  readonly engine: Engine;
  readonly callers: Callers;
  readonly places: Places;
  /** What is counted of it; undefined: nothing. */
  readonly metrics: Metrics | undefined;
  /** What the inspector's pages are told of it; undefined: it is switched off. */
  readonly inspected: InspectorFeed | undefined;
  readonly #settings: ServerSettings;
  /** Of the engine before; that one's own is forgotten. */
  #before: ServedModel | undefined;
  readonly #ofTenants = new WeakMap<Tenant, ModelClients>();

  /** `changes`: where those of several models are counted together. `before`: the same model with the engine that it had. */
  constructor(name: string, engine: Engine, settings: ServerSettings, changes?: ChangeCounts, before?: ServedModel) {
    const { maxRunning } = engine.info;
    this.name = name;
    this.engine = engine;
    this.callers = new Callers(engine, settings, changes, before?.callers);
    this.places = new Places(maxRunning + (settings.maxWaiting ?? WAITING_FOR_EACH * maxRunning));
    this.metrics = settings.metrics ? metrics(engine, { modelName: name }) : undefined;
    const inspected = { looksLike: volatileKind, texts: settings.inspectorText };
    this.inspected = settings.inspector ? new InspectorFeed(engine, name, inspected) : undefined;
    this.#settings = settings;
    this.#before = before;
    if (before) before.#before = undefined;
  }

  /** What is one tenant's, which no other reaches; undefined: what is of those who are not told apart. */
  of(tenant: Tenant | undefined): ModelClients {
    if (!tenant) return this;
    const known = this.#ofTenants.get(tenant);
    if (known) return known;
    const { history, rules, pinShare } = this.#settings;
    const options = { history, rules, pinShare: tenant.pinShare ?? pinShare, tenant: tenant.name };
    const before = this.#before ? this.#before.#ofTenants.get(tenant)?.callers : undefined;
    const made = {
      callers: new Callers(this.engine, options, undefined, before),
      places: new Places(this.places.most),
    };
    this.#ofTenants.set(tenant, made);
    return made;
  }

  /** Counts nothing more and hears of no call: the engine stays its owner's. */
  unwatch(): void {
    this.metrics?.close();
    this.inspected?.close();
  }

  /** Lets go what a tenant wanted kept. */
  async leave(tenant: Tenant): Promise<void> {
    await this.#ofTenants.get(tenant)?.callers.close();
  }
}
