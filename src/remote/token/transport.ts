import { createParser, type ParseError } from 'eventsource-parser';
import type { Dispatcher, request } from 'undici';
import { unlessAborted } from '../../kit/abort-listeners.js';
import { BanyanError } from '../../kit/errors.js';
import { refusedField } from '../refused-field.js';

/** A failure of one try: `refused` by a server that is well, or something that another server, or the next try, may not have. */
export class WireFailure extends Error {
  readonly kind: 'refused' | 'busy' | 'broken';
  /** Of `busy`: milliseconds after which to come again, as the server says; 0: it does not. */
  readonly retryAfterMs: number;
  /** Of `refused`: the option that the server names; undefined: none. */
  readonly field: string | undefined;

  constructor(kind: WireFailure['kind'], message: string, retryAfterMs = 0, cause?: unknown, field?: string) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
    this.field = field;
  }
}

/** No event of an answer is longer: a token, its text, and at the end what was asked. */
const LONGEST_EVENT = 8 << 20;
const LONGEST_REPLY = 4 << 20;

interface Client {
  readonly request: typeof request;
  readonly agent: Dispatcher;
}

/** HTTP to one server, over TCP or a Unix socket; connections are kept. */
export class Transport {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #socketPath: { socketPath?: string };
  #client: Promise<Client> | undefined;

  /** `url`: http:, https: or unix: with the path of a socket. Throws INVALID_OPTION. */
  constructor(url: string, headers: Record<string, string>) {
    const { base, socketPath } = readUrl(url);
    this.#base = base;
    this.#headers = { 'content-type': 'application/json', ...headers };
    this.#socketPath = socketPath;
  }

  /** A JSON reply, of a GET without a body. Throws WireFailure, and nothing else. */
  async json(path: string, body: object | undefined, signal: AbortSignal): Promise<unknown> {
    const reply = await this.#send(path, body, {}, signal);
    const bytes = await readSome(reply.body, LONGEST_REPLY);
    try {
      return JSON.parse(bytes);
    } catch (cause) {
      throw new WireFailure('broken', `${path} answered with what is no JSON`, 0, cause);
    }
  }

  /** The events of a stream, JSON each, until [DONE] or its end. Leaving it closes the connection. Throws WireFailure. */
  async *events(
    path: string,
    body: object,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): AsyncGenerator<Record<string, unknown>, void, undefined> {
    const reply = await this.#send(path, body, headers, signal);
    const texts: string[] = [];
    let wrong: ParseError | undefined;
    const parser = createParser({
      onEvent: ({ data }) => texts.push(data),
      onError: (error) => {
        if (error.type === 'max-buffer-size-exceeded') wrong = error;
      },
      maxBufferSize: LONGEST_EVENT,
    });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
        parser.feed(decoder.decode(chunk, { stream: true }));
        for (const text of texts.splice(0)) {
          if (text === '[DONE]') return;
          yield eventOf(text);
        }
        if (wrong) throw new WireFailure('broken', `an event has more than ${LONGEST_EVENT} bytes`);
      }
    } catch (cause) {
      throw brokenOff(cause);
    } finally {
      reply.body.on('error', () => {}).destroy();
    }
  }

  async close(): Promise<void> {
    const client = await this.#client;
    await client?.agent.destroy();
  }

  /** undici is read when it is needed: a program that bundles Banyan, or asks no server, goes without it. */
  #open(): Promise<Client> {
    this.#client ??= import('undici').then(({ Agent, request }) => {
      // Times are counted by tokens, not by bytes.
      const options = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000, ...this.#socketPath } };
      return { request, agent: new Agent(options) };
    });
    return this.#client;
  }

  async #send(path: string, body: object | undefined, headers: Record<string, string>, signal: AbortSignal) {
    const { request, agent } = await this.#open();
    const asked = request(`${this.#base}${path}`, {
      dispatcher: agent,
      method: body ? 'POST' : 'GET',
      headers: { ...this.#headers, ...headers },
      ...(body && { body: JSON.stringify(body) }),
      signal,
    });
    // While it connects, undici does not look at the signal.
    const reply = await unlessAborted(asked, signal).catch((cause: unknown) => {
      throw new WireFailure('broken', `cannot be reached: ${cause}`, 0, cause);
    });
    if (reply.statusCode < 300) return reply;
    const said = await readSome(reply.body, LONGEST_REPLY).catch(() => '');
    throw failureOf(reply.statusCode, said, retryMs(reply.headers));
  }
}

function failureOf(status: number, said: string, retryAfterMs: number): WireFailure {
  const words = `it says ${status}: ${said.slice(0, 500)}`;
  if (status === 429 || status === 503) return new WireFailure('busy', words, retryAfterMs);
  if (status >= 500) return new WireFailure('broken', words);
  return new WireFailure('refused', words, 0, undefined, refusedField(said));
}

/** Milliseconds after which to come again, 0: it is not said. The headers have milliseconds; else seconds, or a date. */
export function retryMs({ 'retry-after': header, 'retry-after-ms': inMs }: Record<string, unknown>): number {
  const exact = typeof inMs === 'string' ? Number(inMs) : Number.NaN;
  if (exact >= 0) return Math.min(exact, 3_600_000);
  if (typeof header !== 'string') return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 3_600_000) : 0;
}

function eventOf(text: string): Record<string, unknown> {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch (cause) {
    throw new WireFailure('broken', 'an event is no JSON', 0, cause);
  }
  if (typeof event !== 'object' || event === null) throw new WireFailure('broken', 'an event is no object');
  const { error } = event as { error?: unknown };
  if (error !== undefined && error !== null) {
    throw new WireFailure('broken', `it failed: ${JSON.stringify(error).slice(0, 500)}`);
  }
  return event as Record<string, unknown>;
}

async function readSome(body: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > most) throw new WireFailure('broken', `a reply has more than ${most} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw brokenOff(cause);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const brokenOff = (cause: unknown) =>
  cause instanceof WireFailure ? cause : new WireFailure('broken', `the answer broke off: ${cause}`, 0, cause);

function readUrl(url: string): { base: string; socketPath: { socketPath?: string } } {
  if (url.startsWith('unix:')) return { base: 'http://localhost', socketPath: { socketPath: url.slice(5) } };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    const message = `url must be http://, https:// or unix:, got ${url.slice(0, 200)}`;
    throw new BanyanError('INVALID_OPTION', message, { field: 'url' });
  }
  return { base: url.replace(/\/+$/, '').replace(/\/v1$/, ''), socketPath: {} };
}
