import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type EventFrame, inJson, isAscii } from './event-frame.js';
import { WriteRounds, type Written } from './write-rounds.js';

/** Bytes that wait for a reader; one that lags further behind has gone, or should. */
const MOST_WAITING = 2 ** 20;

/**
 * Server-sent events on one response. What a step of the engine gives this stream leaves in one write at most, when the step has
 * been told to all, or in one with what the next steps give: see WriteRounds. `silence` is called after each `keepAliveMs` without
 * an event, to say in the face's own words that work goes on.
 */
export class SseWriter implements Written {
  readonly #response: ServerResponse;
  readonly #rounds: WriteRounds;
  readonly #timer: NodeJS.Timeout;
  #silence: () => string;
  #waiting = '';
  /** Is what waits known to be ASCII? */
  #ascii = true;
  /** Is what waits to be written in this tick? */
  #isSoon = false;
  /** Has a text begun to grow? */
  #grown = false;
  #ended = false;
  /** Of the response, once it is its turn on the connection and its headers are written. */
  #socket: Socket | undefined;

  constructor(
    response: ServerResponse,
    headers: Record<string, string>,
    keepAliveMs: number,
    silence: () => string,
    rounds = new WriteRounds(0),
  ) {
    this.#response = response;
    this.#rounds = rounds;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would gather the events
      ...headers,
    });
    response.flushHeaders();
    this.#silence = silence;
    this.#timer = setInterval(() => this.#soon(this.#silence()), keepAliveMs);
    this.#timer.unref();
  }

  /** What it says from now on when there is nothing to say. */
  says(silence: () => string): void {
    this.#silence = silence;
  }

  /** One event of JSON data, with a name or without one. */
  send(data: unknown, event?: string): void {
    this.#soon(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  /** One event that is a frame around a text. */
  grow({ before, after, ascii }: EventFrame, text: string): void {
    const escaped = inJson(text);
    const event = before + escaped + after;
    if (!this.#grown) {
      this.#grown = true;
      this.#soon(event);
      return;
    }
    if (this.#waiting === '') {
      this.#rounds.later(this);
      this.#ascii = true;
    }
    this.#waiting += event;
    this.#ascii &&= ascii && isAscii(escaped);
  }

  /** Ends the stream, after a last piece that is no JSON such as `data: [DONE]`. */
  end(last = ''): void {
    clearInterval(this.#timer);
    const text = `${this.#waiting}${last}`;
    this.#waiting = '';
    this.#ended = true;
    this.#response.end(text);
  }

  /** Writes what waits. A response that was destroyed takes nothing; its `close` event has cancelled the answer. */
  write(): void {
    const text = this.#waiting;
    this.#waiting = '';
    this.#isSoon = false;
    if (text === '' || this.#ended) return;
    this.#timer.refresh();
    this.#socket ??= this.#ownSocket();
    const socket = this.#socket;
    if ((socket ?? this.#response).destroyed) return;
    const taken = socket ? this.#writeChunk(socket, text) : this.#response.write(text);
    if (!taken && this.#response.writableLength > MOST_WAITING) this.#response.destroy();
  }

  #soon(events: string): void {
    if (!this.#isSoon) {
      this.#isSoon = true;
      this.#rounds.soon(this);
    }
    this.#waiting += events;
    this.#ascii = false; // not known, and not worth to look
  }

  /** Undefined while answers before it are written there, and for a client that knows no chunks. */
  #ownSocket(): Socket | undefined {
    const { socket, chunkedEncoding } = this.#response;
    return chunkedEncoding ? (socket ?? undefined) : undefined;
  }

  /** A piece of the body as one write of the socket. ServerResponse would make four of it and join them again, at twice the cost. */
  #writeChunk(socket: Socket, text: string): boolean {
    const bytes = this.#ascii ? text.length : Buffer.byteLength(text);
    return socket.write(`${bytes.toString(16)}\r\n${text}\r\n`, bytes === text.length ? 'latin1' : 'utf8');
  }
}
