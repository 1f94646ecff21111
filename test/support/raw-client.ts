import { connect, type Socket } from 'node:net';

/** A client on a plain socket: cheap enough for a thousand of them, and it hears every byte. */
export class RawClient {
  readonly socket: Socket;
  /** All that came so far, headers and the sizes of chunks with it. */
  said = '';
  closed = false;
  /** Resolves when all that was posted has left this process. */
  sent: Promise<unknown> = Promise.resolve();
  #heard: (() => void) | undefined;

  constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
    this.socket.on('data', (piece: string) => {
      this.said += piece;
      this.#heard?.();
    });
    this.socket.on('error', () => {}); // a reset shows as closed
    this.socket.on('close', () => {
      this.closed = true;
      this.#heard?.();
    });
  }

  post(path: string, body: object | string, headers = ''): this {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const size = Buffer.byteLength(text);
    const request = `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${headers}content-length: ${size}\r\n\r\n${text}`;
    this.sent = new Promise((resolve) => this.socket.write(request, resolve));
    return this;
  }

  /** Resolves when this much was said. Rejects when the connection is closed before. */
  async until(enough: (said: string) => boolean): Promise<this> {
    while (!enough(this.said)) {
      if (this.closed) throw new Error(`closed before: ${this.said.slice(-400)}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    return this;
  }

  /** Resolves when the response has ended, or the connection. */
  async ended(): Promise<this> {
    while (!this.closed && !this.said.endsWith('\r\n0\r\n\r\n')) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    return this;
  }

  /** The JSON data of all events so far. */
  events(): { type?: string; choices?: { delta: { content?: string } }[]; error?: object }[] {
    return [...this.said.matchAll(/^data: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json as string));
  }

  leave(): void {
    this.socket.destroy();
  }
}
