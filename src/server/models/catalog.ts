import type { Registry } from 'prom-client';
import type { InspectorFeed } from '../../inspector/feed.js';
import type { ChangeCounts } from '../../stateless/cache/changes.js';
import { HttpError } from '../http/http-error.js';
import type { Tenant } from '../tenants/tenant.js';
import type { ServedModel } from './served-model.js';

/** What /metrics shows. */
export interface Counts {
  /** Of what is the server's. */
  readonly registry: Registry;
  /** In Prometheus' text format. `model`: of which of several; without it what is the server's. Rejects with HttpError 404. */
  text(model: string | undefined): Promise<string>;
}

/** A model that one request uses; it stays loaded until it is given back. */
export interface ModelInUse {
  readonly model: ServedModel;
  release(): void;
}

/** Whether who asks may have a model of this name. */
export type MayAsk = (model: string) => boolean;

/** The models of a server. */
export interface Catalog {
  /** How many requests were changed, by what was. */
  readonly changes: ChangeCounts;
  /** Undefined: nothing is counted. */
  readonly counts: Counts | undefined;
  /** Answers under way or waiting for an engine. */
  readonly taken: number;
  /** What /v1/models lists: those that who asks may have. Loads nothing. */
  entries(may: MayAsk): object[];
  /** One of them. Throws HttpError 403 and 404. */
  entry(name: string, may: MayAsk): object;
  /** Own name of the model that a request means. Loads nothing. Throws HttpError 403 for one that it may not have, 404 for one that is none. */
  meant(name: string | undefined, may: MayAsk): string;
  /** A model by its own name, loaded. `signal`: ends the wait. Rejects with HttpError 429 and 503, ABORTED, CLOSED. */
  use(name: string, signal: () => AbortSignal, tenant: Tenant | undefined): Promise<ModelInUse>;
  /** What the inspector is told of a model that is loaded, or of the first that is; undefined: none is, or it is switched off. Loads nothing. */
  inspected(name: string | undefined): InspectorFeed | undefined;
  /** Lets go what is kept for a tenant. */
  leave(tenant: Tenant): Promise<void>;
  /** Lets go what is kept for clients. Models stay their owner's. */
  close(): Promise<void>;
}

/** What one hears who asks for a model that is not its own, whether or not there is one. */
export const notAllowed = () => new HttpError(403, 'model_not_allowed', 'This key may not ask for that model', 'model');
