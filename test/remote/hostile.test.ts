import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { connectBackend } from '../../src/remote/connect-backend.js';
import { RemoteEngine } from '../../src/remote/remote-engine.js';
import type { RemoteOptions } from '../../src/remote/remote-options.js';
import { SPEECHES, SPOKEN, type Speech } from '../../testing/remote/dialect-streams.js';
import { FakeServer, modelsOf, type Reply, sse } from '../../testing/remote/fake-server.js';
import { errorOf } from '../support/expect-code.js';

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

/** A JSON value of which neither a text nor a number can be made. */
const TEXTLESS = '{"toString":1,"valueOf":1}';

/** What any server may send instead of events of its own. */
const GARBAGE: Record<string, (speech: Speech, response: ServerResponse) => void> = {
  'no event stream': (_, response) => response.end('<html>hello</html>'),
  'an event that is no JSON': (_, response) => response.end('data: {"tokens": [1\n\n'),
  'an event that is no object': (_, response) => response.end(sse('7')),
  'an error in the stream': ({ failure }, response) => response.end(failure),
  'an id that is not in the vocabulary': ({ ids }, response) => response.end(ids([999_999], 'x', 1)),
  'an id that is none': ({ ids }, response) => response.end(ids(['x'], 'x', 1)),
  'an id below 0': ({ ids }, response) => response.end(ids([-1], 'x', 1)),
  'a fraction of an id': ({ ids }, response) => response.end(ids([1.5], 'x', 1)),
  'ids that are no list': ({ ids }, response) => response.end(ids({ 0: 1 }, 'x', 1)),
  'an id that has no text': ({ ids }, response) =>
    response.end(ids([7777], 'x', 1).replace(/"?(token_id:)?7777"?/, TEXTLESS)),
  'headers without end': (_, response) =>
    void response.socket?.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(20_000)}`),
  'no ids': ({ textAlone }, response) => response.end(textAlone),
  'an early end': (_, response) => response.end(),
  'an early close': (_, response) => void response.destroy(),
  'a reason that is none': ({ end }, response) => response.end(end(0, 'tired')),
  'status 500': (_, response) => (response.headersSent ? response.destroy() : response.writeHead(500).end('boom')),
};
/** Of a server that counts its tokens. */
const COUNTS: typeof GARBAGE = {
  'a count below its tokens': ({ ids }, response) => response.end(ids([X, X], 'xx', 1)),
  'a count far above its tokens': ({ ids }, response) => response.end(ids([X], 'x', 1e9)),
  'a count that is none': ({ ids }, response) => response.end(ids([X], 'x', 7777).replace('7777', TEXTLESS)),
  'tokens left out that its text does not have': ({ ids }, response) => response.end(ids([X], 'x', 5)),
};

describe.each(SPOKEN)('%s', (name) => {
  const speech = SPEECHES[name];
  const { owner, dialect, ids, end: ends, asked } = speech;
  const open = async (reply: Reply) => {
    const server = await FakeServer.open(modelsOf(owner, { meta: { n_ctx: 512 }, max_model_len: 512 }), reply);
    const engine = await RemoteEngine.connect({ url: server.url, ...(dialect && { dialect }) });
    const close = async () => {
      await engine.close();
      await server.close();
    };
    return { engine, server, [Symbol.asyncDispose]: close };
  };
  /** Says so many tokens as were asked for, and ends. */
  const whole: Reply = (body, response) => {
    const most = asked(body);
    for (let count = 1; count <= most; count++) response.write(ids([X], 'x', count));
    response.end(ends(most));
  };
  const table = Object.entries(name === 'llama-server' ? { ...GARBAGE, ...COUNTS } : GARBAGE);

  test.concurrent('ids go out and come back', async () => {
    await using one = await open(whole);
    const { engine, server } = one;
    const result = await engine.generate(A, { maxTokens: 3 });
    expect(result).toMatchObject({ text: 'xxx', tokens: [X, X, X], finishReason: 'length' });
    expect(result.usage).toMatchObject({ promptTokens: 2, cachedTokens: 2, outputTokens: 3 });
    expect([engine.info.backend, server.bodies[0]?.prompt]).toEqual([name, A]);
  });

  test.concurrent.each(table)(
    '%s instead of an answer: REMOTE_FAILED after two more tries; a later request is answered',
    async (_what, reply) => {
      let broken = true;
      await using one = await open((body, response, request) =>
        broken ? reply(speech, response) : whole(body, response, request),
      );
      const { engine, server } = one;
      await expect(engine.generate('a', { maxTokens: 4 })).rejects.toMatchObject({ code: 'REMOTE_FAILED' });
      expect(server.bodies).toHaveLength(3);
      broken = false;
      expect(await engine.generate('a', { maxTokens: 4 })).toMatchObject({ text: 'xxxx', finishReason: 'length' });
    },
  );

  test.concurrent.each(table)('%s after two tokens, once: the answer goes on from them', async (_what, reply) => {
    let tries = 0;
    await using one = await open((body, response, request) => {
      if (++tries > 1) return whole(body, response, request);
      response.write(ids([X], 'x', 1) + ids([X], 'x', 2), () => setImmediate(() => reply(speech, response)));
    });
    const { engine, server } = one;
    const result = await engine.generate(A, { maxTokens: 5 });
    expect(result).toMatchObject({ text: 'xxxxx', finishReason: 'length' });
    expect(result.tokens).toEqual([X, X, X, X, X]);
    expect(result.usage.elsewhere).toEqual({ retries: 1, migrations: 1, server: server.url });
    const [prompts, limits] = [server.bodies.map(({ prompt }) => prompt), server.bodies.map(asked)];
    expect(prompts).toEqual([A, [...A, X, X]]);
    expect(limits).toEqual([5, 3]);
  });

  test.concurrent.each(['-5', '1e999', '-1e999', '0.5', '"x"', '[]', TEXTLESS, '1e15'])(
    '%s cached tokens are no more than the prompt, or not known',
    async (told) => {
      const lies = (text: string) =>
        text
          .replace(/("(?:cached_tokens|cache_n|cached)":)3/, (_all, name) => name + told)
          .replace('"usage":{}', `"usage":{"queueMs":${told},"computedTokens":-4,"hits":{"disk":${told}}}`);
      await using one = await open((body, response) => {
        const most = asked(body);
        for (let count = 1; count <= most; count++) response.write(ids([X], 'x', count));
        response.end(lies(ends(most)));
      });
      const { usage } = await one.engine.generate(A, { maxTokens: 2 });
      expect(usage.cachedTokens).toBe(told === '1e15' ? 2 : null);
      expect(one.engine.servers()[0]?.cachedTokens).toBe(usage.cachedTokens);
      const said = [usage, usage.hits, usage.miss].flatMap((of): unknown[] => Object.values(of));
      const numbers = said.filter((value) => typeof value === 'number');
      expect(numbers.filter((count) => !(count >= -1 && count < 2 ** 53))).toEqual([]); // -1: not known
    },
  );

  test.concurrent('a refusal names the option that the server names', async () => {
    const bodies = [
      { error: { message: 'too hot', type: 'BadRequestError', param: 'temperature', code: 400 } },
      { detail: [{ type: 'extra_forbidden', loc: ['body', 'temperature'], msg: 'no' }] },
      { error: { message: 'no', param: 'a.thing' } },
    ];
    const fields: unknown[] = [];
    let next = 0;
    await using one = await open((_body, response) => response.writeHead(400).end(JSON.stringify(bodies[next++])));
    for (const _ of bodies) {
      const { code, field } = await errorOf(() => one.engine.generate('a'));
      fields.push([code, field]);
    }
    expect(fields).toEqual([
      ['REMOTE_FAILED', 'temperature'],
      ['REMOTE_FAILED', 'temperature'],
      ['REMOTE_FAILED', undefined],
    ]);
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

test('a long answer may come in one event', async () => {
  const most = 200_000;
  const server = await FakeServer.open(modelsOf('llamacpp', { meta: { n_ctx: 2 * most } }), (_body, response) => {
    const text = 'x'.repeat(most);
    response.end(sse({ content: text, tokens: Array(most).fill(X), stop: false, tokens_predicted: most }) + end(most));
  });
  const engine = await RemoteEngine.connect({ url: server.url });
  closing.push(server, engine);
  const { tokens, finishReason } = await engine.generate(A, { maxTokens: most });
  expect([tokens.length, finishReason]).toEqual([most, 'length']);
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
