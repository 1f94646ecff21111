import type { ServerResponse } from 'node:http';

/** Bytes that wait for a reader; one that lags further behind has gone, or should. */
const MOST_WAITING = 2 ** 20;

/**
 * Server-sent events on one response. Node's own response is written to, not a web stream: a token costs one write.
 * `silence` is called after each `keepAliveMs` without an event, to say in the face's own words that work goes on.
 */
export class SseWriter {
  readonly #response: ServerResponse;
  readonly #timer: NodeJS.Timeout;

  constructor(response: ServerResponse, headers: Record<string, string>, keepAliveMs: number, silence: () => string) {
    this.#response = response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would gather the events
      ...headers,
    });
    response.flushHeaders();
    this.#timer = setInterval(() => this.#write(silence()), keepAliveMs);
    this.#timer.unref();
  }

  /** One event of JSON data, with a name or without one. */
  send(data: unknown, event?: string): void {
    this.#timer.refresh();
    this.#write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  /** Ends the stream, after a last piece that is no JSON such as `data: [DONE]`. */
  end(last = ''): void {
    clearInterval(this.#timer);
    this.#response.end(last);
  }

  /** A response that was destroyed takes nothing; its `close` event has cancelled the answer. */
  #write(text: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    this.#response.write(text);
    if (this.#response.writableLength > MOST_WAITING) this.#response.destroy();
  }
}
