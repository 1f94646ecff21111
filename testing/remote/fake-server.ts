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

  /** What it says when it is asked for its models, or how; undefined: it closes the connection. */
  models: object | ((response: ServerResponse) => void) | undefined;
  /** How often it was asked for them. */
  probes = 0;

  private constructor(server: Server, url: string, models: object) {
    this.#server = server;
    this.url = url;
    this.models = models;
  }

  /** `models`: the answer of /v1/models; `reply`: of each request for an answer; `path`: of a Unix socket in place of a port. */
  static async open(models: object, reply: Reply, path?: string): Promise<FakeServer> {
    const server = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url === '/v1/models') {
        fake.probes++;
        if (typeof fake.models === 'function') return fake.models(response);
        return fake.models ? response.end(JSON.stringify(fake.models)) : response.destroy();
      }
      if (request.url === '/tokenize') return response.writeHead(404).end('{}');
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      fake.bodies.push(body);
      fake.headers.push(request.headers);
      reply(body, response, request);
    });
    if (path === undefined) server.listen(0, '127.0.0.1');
    else server.listen(path);
    await once(server, 'listening');
    const url = path === undefined ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`;
    const fake = new FakeServer(server, url, models);
    return fake;
  }

  /** Connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((reason, count) => (reason ? reject(reason) : resolve(count))),
    );
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
