import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { Script } from '../../testing/engine/scripted-engine.js';
import { type Serving, servingScript } from '../../testing/engine/serving.js';
import { serveModel } from '../support/serve-model.js';

// docs/refusals.md, line by line.

const page = readFileSync('docs/refusals.md', 'utf8');

/** Lines of the table whose first column has this name, as their cells. */
function tableOf(first: string): string[][] {
  const [, rows = ''] = new RegExp(`^\\| ${first} .*\\n\\| -.*\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? [];
  const cells = (row: string) => row.split(' | ').map((cell) => cell.replace(/^\|/, '').replace(/\|$/, '').trim());
  return rows
    .trimEnd()
    .split('\n')
    .map((row) => cells(row).map((cell) => cell.replace(/^`(.*)`$/, '$1')));
}

const hello = [{ role: 'user', content: 'Hello' }];
const ANSWERED: Record<string, object> = {
  '/v1/chat/completions': { messages: hello },
  '/v1/responses': { input: 'Hello' },
  '/v1/messages': { messages: hello, max_tokens: 16 },
  '/v1/completions': { prompt: 'Once' },
  '/v1/embeddings': {},
};
const LONG = 'word '.repeat(9_000);

let it: Serving;
serveModel((serving) => {
  it = serving;
});

describe('by what was asked', () => {
  const rows = tableOf('refused');
  test('all are read', () => expect(rows.length).toBeGreaterThan(30));

  test.each(rows)('%s %s %s', async (_what, route = '', sent = '', code, param = '') => {
    for (const stream of [false, true]) {
      const body = JSON.stringify({ ...ANSWERED[route], ...JSON.parse(sent), stream }).replace('<long>', LONG);
      const response = await fetch(`${it.url}${route}`, { method: 'POST', body });
      const { error } = (await response.json()) as { error: Record<string, string> };
      expect([response.status, error.type], error.message).toEqual([400, 'invalid_request_error']);
      if (route === '/v1/messages') expect(Object.keys(error)).toEqual(['type', 'message']);
      else expect({ code: error.code, param: error.param }).toEqual({ code, param });
    }
  });

  test.each(Object.keys(ANSWERED).filter((route) => route !== '/v1/embeddings'))(
    '%s answers without it',
    async (route) => {
      const body = JSON.stringify({ ...ANSWERED[route], max_tokens: 4 });
      expect((await fetch(`${it.url}${route}`, { method: 'POST', body })).status).toBe(200);
    },
  );
});

interface Ask {
  method?: string;
  path?: string;
  body?: string;
  headers?: Record<string, string>;
}

async function ask(
  url: string,
  { method = 'POST', path = '', body, headers }: Ask,
): Promise<IncomingMessage & { error: Record<string, string> }> {
  const asked = request(`${url}${path}`, { method, headers: headers ?? {} });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return Object.assign(response, JSON.parse(text) as { error: Record<string, string> });
}

const failing =
  (code: string): Script =>
  () => ({ steps: [], error: { code, message: 'no', retryAfterMs: 1_500 } });

/** What provokes each: options of the server, its model, and what differs in the request. */
const PROVOKED: Record<string, [ask: Ask, options?: object, script?: Script]> = {
  invalid_json: [{ body: '{' }],
  invalid_request: [{ headers: { 'x-banyan-class': 'urgent' } }],
  invalid_api_key: [{}, { apiKeys: ['right'] }],
  forbidden_host: [{ headers: { host: 'evil.example' } }],
  not_found: [{ path: '/nothing' }],
  request_too_large: [{ body: JSON.stringify({ text: 'x'.repeat(5_000) }) }, { maxBodyBytes: 1_024 }],
  no_websocket: [{ method: 'GET', headers: { connection: 'Upgrade', upgrade: 'websocket' } }],
  queue_full: [{}, { maxWaiting: 0 }],
  rate_limit_exceeded: [{}, {}, failing('BACKPRESSURE')],
  closed: [{}, {}, failing('CLOSED')],
};

describe('by how, or when, it was asked', () => {
  const rows = tableOf('status');
  test('all are read', () => expect(rows.map(([, code]) => code)).toEqual(Object.keys(PROVOKED)));

  test.each(rows)('%s %s', async (status, code = '', type = '', anthropicType = '') => {
    const [different, options, script] = PROVOKED[code] ?? [{}];
    await using own = await servingScript(script, options);
    if (code === 'queue_full') {
      own.native.paused = true;
      const { maxRunning } = own.native.info;
      for (let at = 0; at < maxRunning; at++)
        void ask(own.url, { path: '/v1/responses', body: '{"input":"x"}' }).catch(() => {});
      while (own.native.requests.length < maxRunning) await new Promise(setImmediate);
    }
    for (const route of ['/v1/chat/completions', '/v1/responses', '/v1/messages']) {
      if (code === 'no_websocket' && route !== '/v1/responses') continue;
      const path = `${route}${different.path ?? ''}`;
      const { statusCode, headers, error } = await ask(own.url, {
        body: JSON.stringify(ANSWERED[route]),
        ...different,
        path,
      });
      const anthropic = route === '/v1/messages';
      expect([statusCode, error.type], `${path}: ${error.message}`).toEqual([
        Number(status),
        anthropic ? anthropicType : type,
      ]);
      if (!anthropic) expect(error.code).toBe(code);
      if (statusCode === 429 || statusCode === 503) {
        expect([headers['x-should-retry'], Number(headers['retry-after-ms']) > 0]).toEqual(['true', true]);
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
      }
    }
    own.native.resume();
  });
});
