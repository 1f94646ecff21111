/** npx tsx examples/http.ts [model]: answers streamed to HTTP clients. One who hangs up frees its pages within a step. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BanyanError, Engine } from 'banyan';

const engine = await Engine.load({ model: process.argv[2] });

async function answer(question: string, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const options = { temperature: 0, signal: gone.signal, maxTokens: 256, ttftLimitMs: 10_000 };
  try {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    for await (const event of engine.generate([{ role: 'user', content: question }], options)) {
      if (event.type === 'text') response.write(event.text);
    }
    response.end();
  } catch (error) {
    const { code, retryAfter } = error as BanyanError;
    if (response.headersSent) return void response.destroy();
    response.statusCode = code === 'BACKPRESSURE' ? 503 : 500;
    if (retryAfter) response.setHeader('retry-after', Math.ceil(retryAfter / 1_000));
    response.end(code);
  }
}

const server = createServer((request, response) => {
  void answer(new URL(request.url ?? '/', 'http://localhost').searchParams.get('q') ?? 'Hello', response);
});
await once(server.listen(0), 'listening');
const address = `http://localhost:${(server.address() as AddressInfo).port}/?q=Hello`;

// A server of your own ends here. This one asks itself once.
const { status, body } = await fetch(address);
console.log(address, status);
for await (const piece of body ?? []) process.stdout.write(piece);
console.log();
server.close();
await engine.close();
