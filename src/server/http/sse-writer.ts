import type { ServerResponse } from 'node:http';

/** Bytes that wait for a reader; one that lags further behind has gone, or should. */
const MOST_WAITING = 2 ** 20;

/**
 * Server-sent events on one response. What a step of the engine gives this stream leaves in one write, when the step has been
 * told to all. `silence` is called after each `keepAliveMs` without an event, to say in the face's own words that work goes on.
 */
export class SseWriter {
  readonly #response: ServerResponse;
  readonly #timer: NodeJS.Timeout;
  readonly #flush = () => this.#write();
  #waiting = '';

  constructor(response: ServerResponse, headers: Record<string, string>, keepAliveMs: number, silence: () => string) {
    this.#response = response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no', // nginx would gather the events
      ...headers,
    });
    response.flushHeaders();
    this.#timer = setInterval(() => this.#append(silence()), keepAliveMs);
    this.#timer.unref();
  }

  /** One event of JSON data, with a name or without one. */
  send(data: unknown, event?: string): void {
    this.text(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  /** Whole events that are text already: what a token costs is theirs who prepare all of it but its own text. */
  text(events: string): void {
    this.#timer.refresh();
    this.#append(events);
  }

  /** Ends the stream, after a last piece that is no JSON such as `data: [DONE]`. */
  end(last = ''): void {
    clearInterval(this.#timer);
    const text = `${this.#waiting}${last}`;
    this.#waiting = '';
    this.#response.end(text);
  }

  #append(text: string): void {
    if (this.#waiting === '') process.nextTick(this.#flush);
    this.#waiting += text;
  }

  /** A response that was destroyed takes nothing; its `close` event has cancelled the answer. */
  #write(): void {
    const [response, text] = [this.#response, this.#waiting];
    this.#waiting = '';
    if (text === '' || response.destroyed || response.writableEnded) return;
    writeChunk(response, text);
    if (response.writableLength > MOST_WAITING) response.destroy();
  }
}

/**
 * A piece of the body as one write of the socket. ServerResponse would make four of it and join them again, at twice the cost.
 * Its headers are ahead of it: it has a socket only when all before it has been written there.
 */
function writeChunk(response: ServerResponse, text: string): void {
  const { socket } = response;
  if (socket === null || !response.chunkedEncoding) {
    response.write(text);
    return;
  }
  const bytes = Buffer.byteLength(text);
  socket.write(`${bytes.toString(16)}\r\n${text}\r\n`, bytes === text.length ? 'latin1' : 'utf8');
}
