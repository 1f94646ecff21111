import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test says to a request: it writes the response itself. */
export type Reply = (body: Record<string, unknown>, response: ServerResponse, request: IncomingMessage) => void;

/** A server of our own that answers as its test says, and keeps what it was asked. */
export class FakeServer {
  readonly url: string;
  /** Bodies of requests for answers, in order. */
  readonly bodies: Record<string, unknown>[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `models`: the answer of /v1/models; `reply`: of each request for an answer. */
  static async open(models: object, reply: Reply): Promise<FakeServer> {
    const server = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url === '/v1/models') return response.end(JSON.stringify(models));
      if (request.url === '/tokenize') return response.writeHead(404).end('{}');
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      fake.bodies.push(body);
      fake.headers.push(request.headers);
      reply(body, response, request);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const fake = new FakeServer(server, (server.address() as AddressInfo).port);
    return fake;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The list of models of a server of that make. */
export const modelsOf = (owner: string, more: object = {}) => ({
  data: [{ id: 'the-model', owned_by: owner, ...more }],
});

/** An event of a stream. */
export const sse = (event: object | string) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
