import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Engine } from '../../engine/engine.js';
import type { TurnOptions } from '../../engine/request-options.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { Callers } from '../../stateless/callers.js';
import type { ResponseStore } from '../responses/store.js';
import type { ServerSettings } from '../server-options.js';
import type { Tenants } from '../tenants/tenants.js';
import type { Client } from './api-keys.js';
import { clientGone } from './client-gone.js';
import { HttpError } from './http-error.js';
import { jsonBody } from './json-body.js';
import type { Places } from './places.js';
import { SseWriter } from './sse-writer.js';
import type { WriteRounds } from './write-rounds.js';

/** What all requests of a server share. */
export interface ServerContext {
  engine: Engine;
  settings: ServerSettings;
  /** For answers under way. */
  places: Places;
  /** What is counted; undefined: nothing. */
  metrics: Metrics | undefined;
  /** When its streams are written. */
  rounds: WriteRounds;
  /** Agent runs and conversations of its clients. */
  callers: Callers;
  /** Responses that can be gone on from, of clients that are not told apart. */
  responses: ResponseStore;
  /** Those who are told apart, each with callers and responses of its own. */
  tenants: Tenants | undefined;
  /** Name of the model on the wire. */
  modelName: string;
  /** When it was loaded, seconds since 1970. */
  created: number;
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

  /** `client`: who asks; undefined: it was not let in. */
  constructor(context: ServerContext, request: IncomingMessage, response: ServerResponse, client?: Client) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#client = client;
  }

  get engine(): Engine {
    return this.#context.engine;
  }

  get callers(): Callers {
    return this.#client?.tenant?.callers ?? this.#context.callers;
  }

  get responses(): ResponseStore {
    return this.#client?.tenant?.responses ?? this.#context.responses;
  }

  /** Tenant that asks; '': clients are not told apart. */
  get tenant(): string {
    return this.#client?.tenant?.name ?? '';
  }

  /** Throws HttpError 429 when so many more answers have no place, or are more than the tenant may have. */
  checkPlaces(count: number): void {
    this.#client?.tenant?.check(count);
    this.#context.places.check(count);
  }

  /** An answer that takes a place until it has ended. */
  hold(answer: Promise<unknown>): void {
    this.#client?.tenant?.hold(answer);
    this.#context.places.hold(answer);
  }

  /** The same for one that takes no place of the engine's: only the tenant's limits count. Throws HttpError 429. */
  charge<Result>(start: () => Promise<Result>): Promise<Result> {
    this.#client?.tenant?.check(1);
    const answer = start();
    this.#client?.tenant?.hold(answer);
    return answer;
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

  get modelName(): string {
    return this.#context.modelName;
  }

  /** Options of an answer; where the request leaves them open, what this server or tenant has for them. Throws HttpError 403. */
  withDefaults(options: TurnOptions): TurnOptions {
    const { defaultMaxTokens: maxTokens, defaultTemperature: temperature } = this.#context.settings;
    const whole = {
      ...(maxTokens !== undefined && { maxTokens }),
      ...(temperature !== undefined && { temperature }),
      ...options,
    };
    return this.#client?.tenant?.withClass(whole) ?? whole;
  }

  get keepAliveMs(): number {
    return this.#context.settings.keepAliveMs;
  }

  /** The JSON value of the body. Throws HttpError. */
  async body(): Promise<unknown> {
    const body = await jsonBody(this.#request, this.#context.settings.maxBodyBytes);
    this.#client?.tenant?.checkModel(body);
    return body;
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

  /** Begins a stream of events; `silence` gives the sign of life of the face. */
  sse(headers: Record<string, string>, silence: () => string): SseWriter {
    return new SseWriter(this.#response, headers, this.keepAliveMs, silence, this.#context.rounds);
  }
}
