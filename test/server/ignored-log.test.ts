import { expect, onTestFinished, test } from 'vitest';
import { IgnoredLog } from '../../src/server/ignored-log.js';
import { servingScript } from '../../testing/engine/serving.js';

test('a field that is ignored is told once on each route, whatever its place, and its name writes no lines', () => {
  const lines: string[] = [];
  const log = new IgnoredLog((line) => lines.push(line));
  log.tell('/a', ['temprature', 'tools[0] (web_search)']);
  log.tell('/a', ['tools[3] (web_search)', 'temprature']);
  log.tell('/b', ['temprature', 'x\n(node:1) all is well', 'y'.repeat(10_000)]);
  expect(lines).toEqual([
    '/a ignores temprature: it has no effect here',
    '/a ignores tools[] (web_search): it has no effect here',
    '/b ignores temprature: it has no effect here',
    '/b ignores x?(node:1) all is well: it has no effect here',
    `/b ignores ${'y'.repeat(100)}: it has no effect here`,
  ]);
});

test('a client that makes up names fills neither log nor memory', () => {
  const lines: string[] = [];
  const log = new IgnoredLog((line) => lines.push(line));
  for (let i = 0; i < 1_000; i++) log.tell('/a', [`f${i}`]);
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toBe('More fields are ignored: x-banyan-ignored of each response names them');
});

test('a server warns of a misspelt field and of a hosted tool when the first request has them', async () => {
  const told: string[] = [];
  const hear = (warning: Error & { code?: string }) => {
    if (warning.code === 'BANYAN_IGNORED') told.push(warning.message);
  };
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  await using served = await servingScript();
  const ask = async (path: string, body: object) => {
    const response = await fetch(`${served.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    expect(response.status).toBe(200);
    return response.headers.get('x-banyan-ignored');
  };
  const tools = [{ type: 'web_search' }];
  for (let i = 0; i < 2; i++) {
    expect(await ask('/v1/responses', { model: 'any', input: 'Hello', tools })).toBe('tool web_search');
    expect(await ask('/v1/completions?x=1', { model: 'any', prompt: 'Hello', temprature: 1 })).toBe('temprature');
  }
  expect(told).toEqual([
    '/v1/responses ignores tool web_search: it has no effect here',
    '/v1/completions ignores temprature: it has no effect here',
  ]);
});
