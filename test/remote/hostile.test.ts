import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { connectBackend } from '../../src/remote/connect-backend.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import type { RemoteOptions } from '../../src/remote/remote-options.js';
import { FakeServer, modelsOf, type Reply, sse } from '../../testing/remote/fake-server.js';

// What a server may send instead of an answer. Each request ends with a typed error, and the next one is answered.

const OWNER = modelsOf('llamacpp', { meta: { n_ctx: 512 } });
const X = 'x'.charCodeAt(0);
const A = [97, 98];
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0).reverse()) await one.close();
});

/** A token "x", the n-th of its answer. */
const token = (count: number) => sse({ content: 'x', tokens: [X], stop: false, tokens_predicted: count });
const end = (count: number, why = 'limit') =>
  sse({ content: '', tokens: [], stop: true, stop_type: why, tokens_predicted: count, timings: { cache_n: 0 } });

async function engineOn(
  reply: Reply,
  options: RemoteOptions = {},
): Promise<{ engine: RemoteEngine; server: FakeServer }> {
  const server = await FakeServer.open(OWNER, reply);
  const engine = await RemoteEngine.connect({ url: server.url, ...options });
  closing.push(server, engine);
  return { engine, server };
}

/** Says so many tokens as were asked for, and ends. */
function answer(body: Record<string, unknown>, response: ServerResponse): void {
  const most = Number(body.n_predict);
  for (let count = 1; count <= most; count++) response.write(token(count));
  response.end(end(most));
}

const GARBAGE: Record<string, (response: ServerResponse) => void> = {
  'no event stream': (response) => response.end('<html>hello</html>'),
  'an event that is no JSON': (response) => response.end('data: {"tokens": [1\n\n'),
  'an event that is no object': (response) => response.end(sse('7')),
  'an error in the stream': (response) => response.end(sse({ error: { code: 500, message: 'out of memory' } })),
  'an id that is not in the vocabulary': (response) => response.end(sse({ tokens: [999_999], tokens_predicted: 1 })),
  'an id that is none': (response) => response.end(sse({ tokens: ['x'], tokens_predicted: 1 })),
  'an id below 0': (response) => response.end(sse({ tokens: [-1], tokens_predicted: 1 })),
  'a fraction of an id': (response) => response.end(sse({ tokens: [1.5], tokens_predicted: 1 })),
  'ids that are no list': (response) => response.end(sse({ tokens: { 0: 1 }, tokens_predicted: 1 })),
  'no ids': (response) => response.end(sse({ content: 'hello', stop: false })),
  'a count below its tokens': (response) => response.end(sse({ tokens: [X, X], tokens_predicted: 1, content: 'xx' })),
  'a count far above its tokens': (response) => response.end(sse({ tokens: [X], tokens_predicted: 1e9, content: 'x' })),
  'tokens left out that its text does not have': (response) =>
    response.end(sse({ tokens: [X], tokens_predicted: 5, content: 'x' })),
  'an early end': (response) => response.end(),
  'an early close': (response) => void response.destroy(),
  'a reason that is none': (response) => response.end(sse({ tokens: [], stop: true, stop_type: 'tired' })),
  'status 500': (response) => (response.headersSent ? response.destroy() : response.writeHead(500).end('boom')),
};

describe.each(Object.entries(GARBAGE))('%s', (_name, reply) => {
  test('instead of an answer: REMOTE_FAILED after two more tries; a later request is answered', async () => {
    let broken = true;
    const { engine, server } = await engineOn((body, response) => (broken ? reply(response) : answer(body, response)));
    await expect(engine.generate('a', { maxTokens: 4 })).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
    expect(server.bodies).toHaveLength(3);
    broken = false;
    expect(await engine.generate('a', { maxTokens: 4 })).toMatchObject({ text: 'xxxx', finishReason: 'length' });
  });

  test('after two tokens, once: the answer goes on from them', async () => {
    let tries = 0;
    const { engine, server } = await engineOn((body, response) => {
      if (++tries > 1) return answer(body, response);
      response.write(token(1) + token(2), () => setImmediate(() => reply(response)));
    });
    const result = await engine.generate(A, { maxTokens: 5 });
    expect(result).toMatchObject({ text: 'xxxxx', finishReason: 'length' });
    expect(result.tokens).toEqual([X, X, X, X, X]);
    expect(result.usage.elsewhere).toEqual({ retries: 1, migrations: 1, server: server.url });
    const [prompts, limits] = [server.bodies.map(({ prompt }) => prompt), server.bodies.map((body) => body.n_predict)];
    expect(prompts).toEqual([A, [...A, X, X]]);
    expect(limits).toEqual([5, 3]);
  });
});

test('a line of a gigabyte is cut off after some megabytes', async () => {
  let sent = 0;
  const { engine } = await engineOn((_body, response) => {
    const piece = 'x'.repeat(1 << 20);
    response.on('error', () => {});
    response.write('data: ');
    const more = () => {
      while (!response.destroyed && sent < 1 << 30) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
    };
    more();
  });
  await expect(engine.generate('a')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  expect(sent).toBeLessThan(1 << 28);
});

test('an answer without end is ended here, at its limit', async () => {
  let closed = 0;
  const { engine } = await engineOn((_body, response) => {
    let count = 0;
    response.on('close', () => closed++);
    const more = () => {
      if (response.destroyed) return;
      response.write(token(++count));
      setImmediate(more);
    };
    more();
  });
  expect(await engine.generate('a', { maxTokens: 6 })).toMatchObject({ text: 'xxxxxx', finishReason: 'length' });
  expect(await engine.generate('a', { stop: 'xx' })).toMatchObject({ text: '', finishReason: 'stop-sequence' });
  while (closed < 2) await new Promise((resolve) => setImmediate(resolve));
});

test('silence is broken off: before the first token, and between two', async () => {
  const { engine } = await engineOn(() => {}, { firstTokenMs: 30 });
  await expect(engine.generate('a')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  const later = await engineOn((_body, response) => void response.write(token(1)), { idleMs: 30 });
  await expect(later.engine.generate('a')).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
});

test('comments and pings are no tokens', async () => {
  const { engine } = await engineOn(
    (_body, response) => {
      const timer = setInterval(() => response.write(': ping\n\n'), 5);
      response.on('close', () => clearInterval(timer));
    },
    { firstTokenMs: 50 },
  );
  await expect(engine.generate('a')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
});

test('busy is BACKPRESSURE with the time that the server says; what is refused is not tried again', async () => {
  const busy = await engineOn((_body, response) => response.writeHead(503, { 'retry-after': '20' }).end('busy'));
  const refused = busy.engine.generate('a');
  await expect(refused).rejects.toMatchObject({ code: 'BACKPRESSURE', retryAfter: 20_000 });
  expect(busy.server.bodies).toHaveLength(1);
  const wrong = await engineOn((_body, response) => response.writeHead(400).end('{"error":"bad"}'));
  await expect(wrong.engine.generate('a')).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  expect(wrong.server.bodies).toHaveLength(1);
});

test('a short Retry-After is waited for', async () => {
  let tries = 0;
  const { engine } = await engineOn((body, response) =>
    ++tries === 1 ? response.writeHead(429, { 'retry-after': '0.05' }).end() : answer(body, response),
  );
  expect(await engine.generate('a', { maxTokens: 2 })).toMatchObject({ text: 'xx' });
});

test('under a grammar an answer is asked for again and compared', async () => {
  for (const same of [true, false]) {
    let tries = 0;
    const { engine, server } = await engineOn((body, response) => {
      if (++tries === 1) return void response.write(token(1) + token(2), () => setImmediate(() => response.destroy()));
      if (same) return answer(body, response);
      response.end(sse({ content: 'y', tokens: [X + 1], tokens_predicted: 1 }) + end(1));
    });
    const asked = engine.generate('a', { maxTokens: 4, grammar: 'root ::= [xy]*' });
    if (same) expect(await asked).toMatchObject({ text: 'xxxx', tokens: [X, X, X, X] });
    else await expect(asked).rejects.toMatchObject({ code: 'STREAM_BROKEN' });
    expect(server.bodies[1]?.prompt).toEqual(server.bodies[0]?.prompt);
  }
});

test('at connect: no server, no list of models, an unknown make, a wrong address', async () => {
  const connect = (options: RemoteOptions) => connectBackend(options);
  await expect(connect({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
  for (const url of ['ftp://x', 'nonsense', '']) {
    await expect(connect({ url })).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
  }
  await expect(connect({})).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'url' });
  await expect(connect({ backends: [] })).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'backends' });
  const unknown = await FakeServer.open(modelsOf('someone'), () => {});
  closing.push(unknown);
  await expect(connect({ url: unknown.url })).rejects.toMatchObject({ code: 'INVALID_OPTION', field: 'dialect' });
});

test('an answer that breaks off goes on at another server, and that one is asked from then on', async () => {
  const [one, other] = await Promise.all([
    FakeServer.open(OWNER, (_body, response) => void response.write(token(1), () => response.destroy())),
    FakeServer.open(OWNER, answer),
  ]);
  const engine = await RemoteEngine.connect({ backends: [{ url: one.url }, { url: other.url }] });
  closing.push(one, other, engine);
  for (let run = 0; run < 8; run++) {
    const program = engine.program();
    expect(await engine.generate(A, { maxTokens: 3, program })).toMatchObject({ text: 'xxx', tokens: [X, X, X] });
  }
  expect(one.bodies.length).toBeLessThanOrEqual(3); // then it rests
  expect(other.bodies.length).toBe(8);
  expect(other.bodies.filter(({ prompt }) => (prompt as number[]).length === 3)).toHaveLength(one.bodies.length);
});
