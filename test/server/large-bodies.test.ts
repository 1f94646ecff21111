import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Server, serve } from '../../src/server/serve.js';
import { scripted } from '../../testing/engine/scripted-engine.js';

// Bodies that are parsed on another thread: the same values, the same refusals, and others are answered meanwhile.

let server: Server;

beforeAll(async () => {
  server = await serve(scripted(() => 'ok').engine, { port: 0, maxBodyBytes: 64 * 2 ** 20 });
});
afterAll(() => server.close());

const PADDING = 'x'.repeat(1_500_000); // a body beyond 1 MiB
const post = async (path: string, body: string | Uint8Array<ArrayBuffer>) => {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as { error?: { message: string }; count?: number } };
};
const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;

test('a large body has the value that a small one has', async () => {
  const content = { content: 'æøå "quoted" \ud83d\ude00 \u2028' };
  const [small, large] = [
    await post('/tokenize', JSON.stringify(content)),
    await post('/tokenize', JSON.stringify({ ...content, padding: PADDING })),
  ];
  expect(small.status).toBe(200);
  expect(large).toEqual(small);
});

test.each([
  ['no JSON', `{"content": "x", "padding": "${PADDING}"`],
  ['nested deeper than 256 levels', `{"padding": "${PADDING}", "deep": ${nested(256)}}`],
  ['nested deeper than 256 levels', `{"padding": "${PADDING}", "deep": ${nested(1_000_000)}}`],
  ['no UTF-8', Buffer.concat([Buffer.from(`{"padding": "${PADDING}`), Buffer.from([0xff]), Buffer.from('"}')])],
])('is refused alike: %s', async (why, body) => {
  const large = await post('/tokenize', body);
  expect(large.status).toBe(400);
  expect(large.body.error?.message).toContain(why);
});

test('as deep as is allowed', async () => {
  const { status } = await post('/tokenize', `{"content": "x", "padding": "${PADDING}", "deep": ${nested(255)}}`);
  expect(status).toBe(200);
});

test('several at once, each with its own value, and a small one that does not wait for them', async () => {
  const ended: string[] = [];
  const large = Array.from({ length: 4 }, async (_, n) => {
    const body = { content: 'y'.repeat(n + 1), padding: PADDING.repeat(8) };
    const { body: answer } = await post('/tokenize', JSON.stringify(body));
    ended.push('large');
    return answer.count;
  });
  await post('/tokenize', '{"content": "x"}').then(() => ended.push('small'));
  expect(await Promise.all(large)).toEqual([1, 2, 3, 4]);
  expect(ended).toContain('small');
});
