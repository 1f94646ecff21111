import { expect, test } from 'vitest';
import { type ServerOptions, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { RawClient } from '../support/raw-client.js';

// What a server takes of a client before it says no, and that it lives on.

const hello = { messages: [{ role: 'user', content: 'Hello' }] };

async function served(options: ServerOptions = {}) {
  const { engine, native } = scripted(() => 'Hi');
  const server = await serve(engine, { port: 0, ...options });
  return { server, url: server.url, native, [Symbol.asyncDispose]: () => server.close() };
}

test.each(['content-length: 3000000\r\n', 'transfer-encoding: chunked\r\n'])(
  'a body that is too large: %s',
  async (header) => {
    await using it = await served({ maxBodyBytes: 1_000_000 });
    const client = new RawClient(it.url);
    client.socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n${header}\r\n`);
    const chunked = header.startsWith('transfer');
    const piece = 'x'.repeat(100_000);
    for (let index = 0; index < 30; index++) client.socket.write(chunked ? `186a0\r\n${piece}\r\n` : piece);
    if (chunked) client.socket.write('0\r\n\r\n');
    await client.until((said) => said.endsWith('}'));
    expect(client.said).toMatch(/^HTTP\/1\.1 413 [\s\S]*"request_too_large"/);
    // The connection is as good as new.
    client.said = '';
    client.post('/v1/chat/completions', hello);
    await client.until((said) => said.endsWith('}'));
    expect(client.said).toMatch(/^HTTP\/1\.1 200 /);
    client.leave();
  },
);
