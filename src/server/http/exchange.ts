import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../../engine/engine.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { Models } from '../../models/models.js';
import { CLASSES } from '../../native/vocabulary.js';
import type { Callers } from '../../stateless/callers.js';
import type { IgnoredLog } from '../ignored-log.js';
import type { Catalog } from '../models/catalog.js';
import type { ServedModel } from '../models/served-model.js';
import type { ResponseStore } from '../responses/store.js';
import type { ServerSettings } from '../server-options.js';
import type { Tenant } from '../tenants/tenant.js';
import type { Tenants } from '../tenants/tenants.js';
import type { TokenDoor } from '../tokens/token-door.js';
import { type Client, mayAskOf } from './api-keys.js';
import { clientGone } from './client-gone.js';
import { HttpError } from './http-error.js';
import { jsonBody } from './json-body.js';
import { listed } from './listed-header.js';
import type { Places } from './places.js';
import { SseWriter } from './sse-writer.js';
import type { WriteRounds } from './write-rounds.js';

/** What all requests of a server share. */
export interface ServerContext {
  settings: ServerSettings;
  catalog: Catalog;
  /** Told of fields that a request has without an effect, and on which route. */
  ignored: Pick<IgnoredLog, 'tell'>;
  /** When its streams are written. */
  rounds: WriteRounds;
  /** Responses that can be gone on from, of clients that are not told apart. */
  responses: ResponseStore;
  /** Those who are told apart, each with conversations and responses of its own. */
  tenants: Tenants | undefined;
  /** What an administrator may swap; undefined: nothing. */
  swaps?: Models | undefined;
  /** Of a worker: its engine, by token ids. */
  door?: TokenDoor | undefined;
  /** Aborts when the server begins to stop: it is not ready any more, answers under way go on. */
  draining: AbortSignal;
  /** Aborts when answers under way have to end. */
  stop: AbortSignal;
}

/** One request and its response, in Node's own objects: what a face needs of HTTP. */
export class Exchange {
  readonly #context: ServerContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #client: Client | undefined;
  #served: ServedModel | undefined;
  /** A stream that was opened while its model was loaded. */
  #opened: SseWriter | undefined;

  /** `client`: who asks; undefined: it was not let in. */
  constructor(context: ServerContext, request: IncomingMessage, response: ServerResponse, client?: Client) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#client = client;
  }

  /** The model that the request's body names; it is known once `body()` has been read. */
  get #model(): ServedModel {
    if (this.#served) return this.#served;
    throw new Error('the body was not read');
  }

  get engine(): Engine {
    return this.#model.engine;
  }

  get places(): Places {
    return this.#model.places;
  }

  get callers(): Callers {
    return this.#model.of(this.#tenant).callers;
  }

  get responses(): ResponseStore {
    return this.#tenant?.responses ?? this.#context.responses;
  }

  /** Name of the tenant that asks; '': clients are not told apart. */
  get tenant(): string {
    return this.#tenant?.name ?? '';
  }

  get #tenant(): Tenant | undefined {
    return this.#client?.tenant;
  }

  /** Throws HttpError 429 when so many more answers have no place, or are more than the tenant may have. */
  checkPlaces(count: number): void {
    this.#checkTenant(count);
    this.places.check(count);
  }

  /** An answer that takes a place until it has ended. */
  hold(answer: Promise<unknown>): void {
    this.#holdTenant(answer);
    this.places.hold(answer);
  }

  /** The same for one that takes no place of the engine's: only the tenant's limits count. Throws HttpError 429. */
  charge<Result>(start: () => Promise<Result>): Promise<Result> {
    this.#checkTenant(1);
    const answer = start();
    this.#holdTenant(answer);
    return answer;
  }

  #checkTenant(count: number): void {
    this.#tenant?.check(count, this.#model.of(this.#tenant).places, this.places);
  }

  #holdTenant(answer: Promise<unknown>): void {
    if (!this.#tenant) return;
    this.#tenant.hold(answer);
    this.#model.of(this.#tenant).places.hold(answer);
  }

  /** Within how many milliseconds the first token is to be expected: the client's limit, else the server's. Throws HttpError. */
  get ttftLimitMs(): number | undefined {
    const given = this.#request.headers['x-banyan-ttft-limit-ms'];
    if (given === undefined) return this.#context.settings.ttftLimitMs;
    if (typeof given === 'string' && /^[1-9]\d{0,7}$/.test(given)) return Number(given);
    throw new HttpError(400, 'invalid_request', 'x-banyan-ttft-limit-ms must be whole milliseconds, from 1 on');
  }

  /** The id that the response has in `x-request-id`, see AccessLog; the engine's decisions name it. */
  get requestId(): string {
    return String(this.#response.getHeader('x-request-id') ?? '');
  }

  /** The same id in the form of Anthropic's, for its header `request-id`. */
  get anthropicRequestId(): string {
    return `req_${this.requestId}`;
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers;
  }

  /** The header that names what of the request is ignored; the server's log is told too. */
  ignoredHeader(fields: readonly string[]): Record<string, string> {
    const [path = ''] = (this.#request.url ?? '').split('?', 1);
    this.#context.ignored.tell(path, fields);
    return listed('x-banyan-ignored', fields);
  }

  get modelName(): string {
    return this.#model.name;
  }

  /** Options of an answer; where the request leaves them open, what this server or tenant has for them. Throws HttpError 403. */
  withDefaults(options: TurnOptions): TurnOptions {
    const { defaultMaxTokens: maxTokens, defaultTemperature: temperature } = this.#context.settings;
    const whole = {
      ...(maxTokens !== undefined && { maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...options,
    };
    return this.#scheduled(whole);
  }

  /** What the request and its tenant are to the scheduler. Throws HttpError 400, 403. */
  scheduling(): Pick<TurnOptions, 'class' | 'tenantWeight'> {
    return this.#scheduled({});
  }

  #scheduled(options: TurnOptions): TurnOptions {
    const whole = { ...this.#classInHeader(), ...options };
    return this.#tenant?.scheduled(whole) ?? whole;
  }

  /** For clients whose bodies have no field for it, or that set it once for all their requests. */
  #classInHeader(): Pick<TurnOptions, 'class'> {
    const given = this.#request.headers['x-banyan-class'];
    if (given === undefined) return {};
    const named = CLASSES.find((name) => name === given);
    if (named) return { class: named };
    throw new HttpError(400, 'invalid_request', `x-banyan-class must be one of ${CLASSES.join(', ')}`);
  }

  get keepAliveMs(): number {
    return this.#context.settings.keepAliveMs;
  }

  /** The JSON value of a body that is about no answer. Throws HttpError. */
  plainBody(): Promise<unknown> {
    return jsonBody(this.#request, this.#context.settings.maxBodyBytes);
  }

  /** The JSON value of the body, when the model that it names is loaded: only one that the client may ask for ever is. Throws HttpError. */
  async body(): Promise<unknown> {
    const body = await jsonBody(this.#request, this.#context.settings.maxBodyBytes);
    const { model, stream } = Object(body) as { model?: unknown; stream?: unknown };
    const { catalog, settings } = this.#context;
    const name = catalog.meant(typeof model === 'string' ? model : undefined, mayAskOf(this.#client));
    // A stream is opened when its client has heard nothing for that long. Other clients wait in silence, as for any whole answer.
    const waits = stream === true && setTimeout(() => this.#open(), settings.keepAliveMs);
    try {
      const { model: served, release } = await catalog.use(name, () => this.signal(), this.#tenant);
      this.#served = served;
      this.#response.once('close', release);
      if (this.#response.destroyed) release();
    } finally {
      if (waits) clearTimeout(waits);
    }
    return body;
  }

  #open(): void {
    if (this.#response.destroyed) return;
    this.#opened = this.#stream({}, () => ': the model is loaded\n\n');
  }

  /** Aborts when the client has gone or the server has to stop. */
  signal(): AbortSignal {
    return clientGone(this.#response, this.#context.stop);
  }

  json(status: number, value: unknown, headers: Record<string, string> = {}): void {
    this.jsonText(status, JSON.stringify(value), headers);
  }

  /** An answer whose JSON is written already. */
  jsonText(status: number, text: string, headers: Record<string, string> = {}): void {
    if (this.#response.destroyed || this.#response.headersSent) return;
    this.#response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      ...headers,
    });
    this.#response.end(text);
  }

  /** Was its stream opened while its model was loaded? */
  get opened(): boolean {
    return this.#opened !== undefined;
  }

  /** An answer that is none: with its status, or as the last event of a stream that was opened already. */
  fail(status: number, body: object, headers: Record<string, string>, event?: string): void {
    this.#opened?.send(body, event);
    if (this.#opened) this.#opened.end();
    else this.json(status, body, headers);
  }

  /** Begins a stream of events; `silence` gives the sign of life of the face. Headers are lost on one that was opened already. */
  sse(headers: Record<string, string>, silence: () => string): SseWriter {
    this.#opened?.says(silence);
    return this.#opened ?? this.#stream(headers, silence);
  }

  #stream(headers: Record<string, string>, silence: () => string): SseWriter {
    return new SseWriter(this.#response, headers, this.keepAliveMs, silence, this.#context.rounds);
  }
}
