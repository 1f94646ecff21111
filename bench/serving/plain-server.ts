import { createServer, type Socket } from 'node:net';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const END = chunk('data: [DONE]\n\n');

/** One event of a chat's stream as Banyan writes it, to the byte but for the text. */
const TOKEN = chunk(
  `data: ${JSON.stringify({
    ...{ id: 'chatcmpl-00000000-0000-0000-0000-000000000000', object: 'chat.completion.chunk', created: 1_800_000_000 },
    ...{ model: 'paced', choices: [{ index: 0, delta: { content: ' word' }, finish_reason: null }] },
  })}\n\n`,
);

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A server that knows nothing: it writes the same bytes for each token of each stream. What it costs, the system takes. */
export class PlainServer {
  readonly #streams = new Set<Socket>();
  readonly #server = createServer({ noDelay: true }, (socket) => {
    socket.once('data', () => {
      socket.write(HEAD);
      this.#streams.add(socket);
    });
    socket.on('error', () => {});
  });

  /** Streams under way. */
  get running(): number {
    return this.#streams.size;
  }

  /** Its address, once it listens. */
  listen(): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        if (address && typeof address === 'object') resolve(`http://127.0.0.1:${address.port}`);
      });
    });
  }

  /** A token to each stream: how many. */
  step(): number {
    for (const socket of this.#streams) socket.write(TOKEN, 'latin1');
    return this.#streams.size;
  }

  /** Ends all streams. */
  close(): void {
    for (const socket of this.#streams) socket.end(`${END}0\r\n\r\n`, 'latin1');
    this.#streams.clear();
    this.#server.close();
  }
}
