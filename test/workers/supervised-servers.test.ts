import { expect, test } from 'vitest';
import { BanyanError } from '../../src/kit/errors.js';
import { DIALECTS } from '../../src/remote/dialects/dialects.js';
import { Pooled } from '../../src/remote/servers/pooled.js';
import { Member } from '../../src/remote/token/member.js';
import type { Supervised } from '../../src/workers/supervised.js';
import { SupervisedServers } from '../../src/workers/supervised-servers.js';

// What calls see of workers that come and go. Nothing is sent anywhere.

const PARCEL = { keys: [], promptTokens: 1, program: 0, ttftLimitMs: 0 };
const NONE = new Set<Member>();
const dialect = DIALECTS[0] as (typeof DIALECTS)[number];

function twoWorkers() {
  const urls = ['unix:/a', 'unix:/b'];
  const pooled = new Pooled(
    urls.map((url) => new Member({ url, dialect, model: '', headers: {}, priorities: false })),
    undefined,
  );
  const workers = urls.map((url) => ({
    url,
    state: 'ready' as Supervised['state'],
    failure: undefined,
    answered() {},
  }));
  const [a, b] = workers as [(typeof workers)[0], (typeof workers)[0]];
  const servers = new SupervisedServers(pooled, workers);
  const become = (worker: typeof a, state: typeof a.state) => {
    worker.state = state;
    servers.changed();
  };
  const send = async (cancelled = new AbortController().signal) =>
    (await servers.send(PARCEL, NONE, cancelled)).member.url;
  return { pooled, servers, a, b, become, send };
}

test("a caller's drain holds while workers come and go, and its end fetches none that is not there", async () => {
  const { pooled, a, b, become, send } = twoWorkers();
  await pooled.drain(a.url, true);
  become(b, 'waiting');
  become(b, 'ready');
  for (let ask = 0; ask < 4; ask++) expect(await send()).toBe(b.url);
  become(a, 'starting');
  await pooled.drain(a.url, false);
  for (let ask = 0; ask < 4; ask++) expect(await send()).toBe(b.url);
  become(a, 'ready');
  become(b, 'draining');
  expect(await send()).toBe(a.url);
});

test('while none is there a call waits, and may leave', async () => {
  const { a, b, become, send } = twoWorkers();
  become(a, 'waiting');
  become(b, 'waiting');
  const stop = new AbortController();
  const [waits, leaves] = [send(), send(stop.signal)];
  stop.abort();
  await expect(leaves).rejects.toMatchObject({ code: 'ABORTED' });
  become(b, 'ready');
  expect(await waits).toBe(b.url);
});

test('when all are given up, a call says why', async () => {
  const { a, b, become, send } = twoWorkers();
  const failure = new BanyanError('REMOTE_FAILED', 'gone');
  for (const worker of [a, b]) Object.assign(worker, { failure });
  become(a, 'failed');
  become(b, 'failed');
  await expect(send()).rejects.toBe(failure);
});
