import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { CERT, KEY } from '../support/certificate.js';
import { RawClient } from '../support/raw-client.js';
import { Cli } from '../support/run-cli.js';

// `banyan serve` as a process: how it ends with a hundred answers under way.

const STREAMS = 100;
const body = {
  messages: [{ role: 'user', content: 'Tell me all' }],
  max_tokens: 4_000,
  ignore_eos: true,
  stream: true,
};

const endless = ['--model', randomModel(RAMBLING_MODEL), '--threads', '1'];

/** A server whose answers end by their limit only, and its address. */
async function started(...flags: string[]) {
  const cli = new Cli(['serve', ...endless, '--port', '0', ...flags]);
  const url = (await cli.until('stdout', /https?:\/\/\S+\/v1\n/)).trim().replace(/\/v1$/, '');
  return { cli, url };
}

/** All faces take turns. */
const PATHS = ['/v1/chat/completions', '/v1/messages', '/v1/completions'] as const;
const LAST = [
  /data: \[DONE\]\n\n|data: \{"error":/,
  /event: (message_stop|error)\n/,
  /data: \[DONE\]\n\n|data: \{"error":/,
];

test('SIGTERM under 100 streams: each ends with its last event, and the process with 0 in time', {
  timeout: 60_000,
}, async () => {
  const { cli, url } = await started('--drain-ms', '500');
  const clients = Array.from({ length: STREAMS }, (_, index) =>
    new RawClient(url).post(PATHS[index % 3] as string, { ...body, prompt: 'Tell me all' }),
  );
  // Most wait, some have begun; those that the server has not even read will hear of it, too.
  await Promise.all(clients.map(({ sent }) => sent));
  await Promise.all(clients.slice(0, 3).map((client) => client.until((said) => said.includes('data: {'))));
  const start = performance.now();
  cli.kill('SIGTERM');
  await Promise.all(clients.map((client) => client.ended()));
  const { code, signal, stderr } = await cli.ended();
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  expect(stderr).not.toMatch(/Error|Unhandled/);
  expect(performance.now() - start).toBeLessThan(10_000); // of a machine that is busy with other tests
  for (const [index, { said }] of clients.entries()) {
    if (said.startsWith('HTTP/1.1 200')) {
      expect(said).toMatch(LAST[index % 3] as RegExp);
      expect(said.endsWith('\r\n0\r\n\r\n')).toBe(true);
    } else expect(said).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-should-retry: true[\s\S]*\}$/);
  }
});

test('a second signal ends it at once', { timeout: 60_000 }, async () => {
  const { cli, url } = await started();
  const client = new RawClient(url).post(PATHS[0], body);
  await client.until((said) => said.includes('data: {'));
  cli.kill('SIGTERM');
  const reached = () =>
    fetch(`${url}/ready`).then(
      () => true,
      () => false,
    );
  await expect.poll(reached, { timeout: 10_000 }).toBe(false); // it has heard the first one
  cli.kill('SIGTERM');
  expect((await cli.ended()).code).toBe(143);
  client.leave();
});

test('texts in the inspector need a log of who read them', async () => {
  const { code, stderr } = await new Cli(['serve', ...endless, '--inspector-text']).ended();
  expect([code, stderr]).toEqual([
    1,
    'INVALID_OPTION: --inspector-text needs --audit <path>, which records each look\n',
  ]);
});

test('a certificate by its path: https', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, CERT);
  writeFileSync(key, KEY);
  const { cli, url } = await started('--tls-cert', cert, '--tls-key', key);
  const status = await new Promise((resolve, reject) => {
    request(`${url}/ready`, { ca: CERT, servername: 'localhost' }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(200);
  cli.kill('SIGINT');
  expect((await cli.ended()).code).toBe(0);
  rmSync(folder, { recursive: true });
});
