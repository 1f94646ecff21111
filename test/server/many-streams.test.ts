import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Server, type ServerOptions, serve } from '../../src/server/serve.js';
import { type PacedEngine, paced } from '../../testing/engine/paced-engine.js';
import { serving } from '../../testing/engine/serving.js';
import { RawClient } from '../support/raw-client.js';

// What a server does with many clients at once, and with those who do not behave. The engine steps when the test says so.

vi.setConfig({ testTimeout: 120_000 }); // a thousand clients in one process, beside other tests

const STREAMS = 1_000;
/** Tokens of an answer that only a cancel ends. */
const ENDLESS = 90_000;
const word = (index: number) => ` w${index}é`;
const FACES = [
  { path: '/v1/chat/completions', last: 'data: [DONE]', body: { messages: [{ role: 'user', content: 'Hi' }] } },
  { path: '/v1/messages', last: 'event: message_stop', body: { messages: [{ role: 'user', content: 'Hi' }] } },
  { path: '/v1/responses', last: 'event: response.incomplete', body: { input: 'Hi', store: false } },
] as const;

function bodyOf({ body }: (typeof FACES)[number], tokens: number) {
  return { ...body, stream: true, max_tokens: tokens, max_output_tokens: tokens };
}

async function served(options: ServerOptions = {}) {
  const { engine, native } = paced(word);
  return { ...(await serving(engine, options)), native };
}

/** The text of an answer, out of its deltas. */
function textOf(client: RawClient): string {
  const deltas = [...client.said.matchAll(/"(?:content|text|delta)":("(?:[^"\\]|\\.)*")/g)];
  return deltas.map(([, json]) => JSON.parse(json as string)).join('');
}

const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve));

async function arrived(native: PacedEngine, count: number): Promise<void> {
  while (native.running < count) await turnOfLoop();
}

async function toTheEnd(native: PacedEngine): Promise<void> {
  while (native.running > 0) {
    native.step();
    await turnOfLoop();
  }
}

const ask = (server: Server, face: (typeof FACES)[number], tokens: number) =>
  new RawClient(server.url).post(face.path, bodyOf(face, tokens));

test('1,000 streams at once, of all faces: each gets every token in order, and its last event', async () => {
  await using it = await served();
  const tokens = 20;
  const clients = Array.from({ length: STREAMS }, (_, index) => {
    const face = FACES[index % FACES.length] as (typeof FACES)[number];
    return { face, client: ask(it.server, face, tokens) };
  });
  await arrived(it.native, STREAMS);
  await toTheEnd(it.native);
  const whole = Array.from({ length: tokens }, (_, index) => word(index)).join('');
  for (const { face, client } of clients) {
    await client.ended();
    expect(client.said).toContain(face.last);
    // What has ended tells its text once more at /v1/responses; the deltas come first.
    expect(textOf(client).slice(0, whole.length)).toBe(whole);
    client.leave();
  }
});

test('a stream under way holds less than 100 KB, its client included', async () => {
  await using it = await served();
  const used = () => {
    global.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  // What the first streams bring with them stays: measured is what the next thousand add.
  const open = async (count: number) => {
    const more = Array.from({ length: count }, () => ask(it.server, FACES[0], 1_000));
    await arrived(it.native, it.native.running + count);
    for (let step = 0; step < 10; step++) it.native.step();
    await Promise.all(more.map((client) => client.until((said) => said.includes(word(9)))));
    return more;
  };
  const clients = await open(100);
  const before = used();
  clients.push(...(await open(STREAMS)));
  expect((used() - before) / STREAMS).toBeLessThan(100_000);
  for (const client of clients) client.leave();
});

test('1,000 clients that hang up at any time leave nothing running', async () => {
  await using it = await served({ keepAliveMs: 10 });
  // Before the body is whole, while it waits, in the midst of the answer, at its end: in a fixed order that looks random.
  const clients: RawClient[] = [];
  for (let index = 0; index < STREAMS; index++) {
    const face = FACES[index % FACES.length] as (typeof FACES)[number];
    const tokens = index % 4 === 0 ? 1 + ((index * 7) % 13) : ENDLESS;
    if (index % 10 === 9) {
      const half = new RawClient(it.server.url);
      half.socket.write(`POST ${face.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000\r\n\r\n{"mess`);
      clients.push(half);
    } else clients.push(ask(it.server, face, tokens));
    if (index % 3 === 0) it.native.step();
    if (index % 5 === 0) await turnOfLoop();
    clients[(index * 31) % (index + 1)]?.leave();
  }
  for (const client of clients) client.leave();
  await expect
    .poll(
      () => {
        it.native.step();
        return it.native.running;
      },
      { timeout: 20_000 },
    )
    .toBe(0);
});

test('closing under 1,000 streams cuts none off: each ends with the last event of its face, or with its error', async () => {
  await using it = await served({ drainMs: 1 });
  const clients = Array.from({ length: STREAMS }, (_, index) => {
    const face = FACES[index % FACES.length] as (typeof FACES)[number];
    return { face, client: ask(it.server, face, index % 2 === 0 ? 3 : ENDLESS) };
  });
  await arrived(it.native, STREAMS);
  for (let step = 0; step < 3; step++) it.native.step();
  await Promise.all(clients.map(({ client }) => client.until((said) => said.includes(word(2)))));
  const closed = it.server.close();
  await toTheEnd(it.native);
  await closed;
  for (const { face, client } of clients) {
    await client.ended();
    expect(client.said).toMatch(/\r\n0\r\n\r\n$/);
    const ended = [face.last, 'data: {"error":', 'event: error\n', 'event: response.failed\n'];
    expect(ended.some((event) => client.said.includes(event))).toBe(true);
  }
});

test('a client that does not read delays no other, and is let go', async () => {
  const { engine, native } = paced(() => 'x'.repeat(4_096));
  await using server = await serve(engine, { port: 0 });
  const slow = ask(server, FACES[0], ENDLESS);
  slow.socket.pause();
  const others = Array.from({ length: 20 }, () => ask(server, FACES[0], ENDLESS));
  await arrived(native, 21);
  // Each step reaches all others before the next one begins, however much waits for the slow one.
  for (let step = 1; native.running === 21; step++) {
    native.step();
    await Promise.all(others.map((client) => client.until(() => client.socket.bytesRead >= step * 4_096)));
    expect(step).toBeLessThan(5_000);
  }
  expect(native.running).toBe(20);
  for (const client of others) client.leave();
  slow.leave();
});

describe('a prompt that takes 400 seconds to read', () => {
  afterEach(() => vi.useRealTimers());

  test.each([
    [FACES[0], ': ping\n\n'],
    [FACES[1], 'event: ping\ndata: {"type":"ping"}\n\n'],
    [FACES[2], 'event: keepalive\ndata: {"type":"keepalive","sequence_number":'],
  ])('$path gives a sign of life every ten seconds, and stays one request', async (face, sign) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    await using it = await served();
    const client = ask(it.server, face, 3);
    await arrived(it.native, 1);
    const signs = () => client.said.split(sign).length - 1;
    await vi.advanceTimersByTimeAsync(10_000); // the stream opens: an error has no status of its own from now on
    await client.until((said) => said.includes('\r\n\r\n'));
    const first = signs(); // Anthropic's streams begin with one
    for (let seconds = 10; seconds < 400; seconds += 10) {
      await vi.advanceTimersByTimeAsync(10_000);
      await client.until(() => signs() === first + seconds / 10);
    }
    await toTheEnd(it.native);
    await client.ended();
    expect(client.said).toContain(face.last);
    expect(textOf(client).startsWith([0, 1, 2].map(word).join(''))).toBe(true);
    expect((await it.native.stats()).submitted).toBe(1);
    const numbers = client.events().flatMap((event) => (event as { sequence_number?: number }).sequence_number ?? []);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    client.leave();
  });
});
