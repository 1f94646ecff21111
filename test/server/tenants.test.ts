import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuditLog } from '../../src/audit/audit-log.js';
import { Places } from '../../src/server/http/places.js';
import { readKeysFile, type TenantEntry } from '../../src/server/tenants/keys-file.js';
import { Quota } from '../../src/server/tenants/quota.js';
import { servingScript } from '../../testing/engine/serving.js';
import { errorOf } from '../support/expect-code.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-keys-'));
  path = join(folder, 'keys.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const entry = (name: string, more: Partial<TenantEntry> = {}): TenantEntry => ({
  name,
  keys: [digest(`key of ${name}`)],
  ...more,
});
const write = (...tenants: TenantEntry[]) => writeFileSync(path, JSON.stringify({ tenants }));
const client = (url: string, name: string) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: `key of ${name}`, maxRetries: 0 });
const hello = { model: 'any', messages: [{ role: 'user' as const, content: 'Hello' }] };
/** Places of which none is taken. */
const free = new Places(100);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
/** Until the test's time is over. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}
/** The status and headers of what an SDK rejects with. */
async function refused(call: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const reason = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(reason).toBeInstanceOf(OpenAI.APIError);
  return reason as InstanceType<typeof OpenAI.APIError>;
}

describe('who asks', () => {
  test('is known by the key: tenant, class and label reach the engine and the audit log', async () => {
    write(entry('acme', { classes: ['workflow', 'background'] }), entry('umbrella', { defaultClass: 'background' }));
    await using it = await servingScript(() => 'Hi', { keysFile: path });
    const logPath = join(folder, 'audit.jsonl');
    const log = await AuditLog.open(logPath);
    it.engine.audit(log);
    await client(it.url, 'acme').chat.completions.create(hello);
    await client(it.url, 'umbrella').chat.completions.create(hello);
    await client(it.url, 'umbrella').completions.create({ model: 'any', prompt: 'Once' });
    expect((await refused(client(it.url, 'stranger').chat.completions.create(hello))).status).toBe(401);
    const asked = it.native.requests.map(({ salt, class: own }) => [salt, own]);
    expect(asked).toEqual([
      ['acme', 'workflow'],
      ['umbrella', 'background'],
      ['umbrella', 'background'],
    ]);
    await log.close();
    const logged = readFileSync(logPath, 'utf8').split('\n').filter(Boolean);
    const tenants = logged.map((line) => (JSON.parse(line) as { tenant?: string }).tenant).filter(Boolean);
    expect(tenants).toEqual(['acme', 'umbrella', 'umbrella']);
  });

  test('classes and models that are not its own are refused with 403 and a code, before the engine is asked', async () => {
    write(entry('acme', { classes: ['background'], models: ['small'] }));
    await using it = await servingScript(() => 'Hi', { keysFile: path });
    const acme = client(it.url, 'acme').chat.completions;
    const model = await refused(acme.create(hello));
    expect([model.status, model.code]).toEqual([403, 'model_not_allowed']);
    const own = await refused(acme.create({ ...hello, model: 'small', service_tier: 'priority' }));
    expect([own.status, own.code]).toEqual([403, 'class_not_allowed']);
    expect(it.native.requests).toEqual([]);
    await acme.create({ ...hello, model: 'small' });
    expect(it.native.requests.map((request) => request.class)).toEqual(['background']);
  });

  test('metrics are for keys of administrators', async () => {
    write(entry('acme'), entry('operator', { admin: true }));
    await using it = await servingScript(() => 'Hi', { keysFile: path });
    const asked = (name: string) =>
      fetch(`${it.url}/metrics`, { headers: { authorization: `Bearer key of ${name}` } }).then(({ status }) => status);
    expect([await asked('stranger'), await asked('acme'), await asked('operator')]).toEqual([401, 403, 200]);
  });
});

describe('tenants share nothing', () => {
  test('responses, items and conversations of one are not there for another', async () => {
    write(entry('acme'), entry('umbrella'));
    await using it = await servingScript(() => 'Hi', { keysFile: path });
    const [acme, umbrella] = [client(it.url, 'acme'), client(it.url, 'umbrella')];
    const first = await acme.responses.create({ model: 'any', input: 'My secret' });
    expect((await acme.responses.retrieve(first.id)).id).toBe(first.id);
    expect((await refused(umbrella.responses.retrieve(first.id))).status).toBe(404);
    const stolen = umbrella.responses.create({ model: 'any', input: 'Go on', previous_response_id: first.id });
    expect((await refused(stolen)).status).toBe(400);
    expect((await refused(umbrella.responses.delete(first.id))).status).toBe(404);
    // The same conversation of both goes on, each from its own: the second one's has nothing of the first's.
    const messages = [
      ...hello.messages,
      { role: 'assistant' as const, content: 'Hi' },
      { role: 'user' as const, content: 'So?' },
    ];
    for (const one of [acme, umbrella]) {
      await one.chat.completions.create(hello);
      await one.chat.completions.create({ ...hello, messages });
    }
    const salts = it.native.requests.map(({ salt }) => salt);
    expect(salts).toEqual(['acme', 'acme', 'acme', 'umbrella', 'umbrella']);
    const programs = it.native.requests.slice(1).map(({ program }) => program);
    expect(programs[0]).toBe(programs[1]); // one run, of one tenant
    expect(programs[2]).toBe(programs[3]);
    expect(programs[0]).not.toBe(programs[2]);
  });
});

describe('limits', () => {
  test('a tenant that fills its share gets 429 and when to come back; another one is let in as before', async () => {
    write(entry('noisy'), entry('quiet'), entry('one', { maxConcurrent: 1 }));
    await using it = await servingScript(() => 'Hi', { keysFile: path, maxWaiting: 4 }); // 20 places, 10 for each
    it.native.paused = true;
    const over: InstanceType<typeof OpenAI.APIError>[] = [];
    const noisy = client(it.url, 'noisy').chat.completions;
    const started = Array.from({ length: 40 }, () => noisy.create(hello).catch((reason) => over.push(reason)));
    await until(() => over.length === 30 && it.native.requests.length === 10);
    expect(over).toHaveLength(30);
    for (const { status, code, headers } of over) {
      expect([status, code]).toEqual([429, 'tenant_concurrency']);
      expect(Number(headers?.get('retry-after'))).toBeGreaterThan(0);
    }
    const quiet = client(it.url, 'quiet').chat.completions.create(hello);
    const one = client(it.url, 'one');
    const first = one.chat.completions.create(hello);
    await until(() => it.native.requests.length === 12);
    expect((await refused(one.chat.completions.create(hello))).status).toBe(429);
    it.native.resume();
    await Promise.all([quiet, first, ...started]);
    await one.chat.completions.create(hello);
  });

  test('requests and tokens a minute: the time to come back is when there is room again, to the millisecond', () => {
    let clock = 0;
    const quota = new Quota({ requestsPerMinute: 60, tokensPerMinute: 600 }, () => clock);
    for (let n = 0; n < 60; n++) quota.check(1, 100, free);
    const wait = () => {
      try {
        quota.check(1, 100, free);
        return 0;
      } catch (reason) {
        const { failure } = reason as { failure: { status: number; retryAfterMs: number } };
        expect(failure.status).toBe(429);
        return failure.retryAfterMs;
      }
    };
    expect(wait()).toBe(1_000);
    clock += 999;
    expect(wait()).toBe(1);
    clock += 1;
    expect(wait()).toBe(0);
  });

  test('an answer that cost more than a minute gives is paid back before the next one; new limits keep what was used', async () => {
    let clock = 0;
    const quota = new Quota({ tokensPerMinute: 600 }, () => clock);
    quota.check(1, 100, free);
    const ended = Promise.resolve({ usage: { promptTokens: 1_000, outputTokens: 200 } });
    quota.hold(ended);
    await ended;
    expect(quota.taken).toBe(0);
    expect(() => quota.check(1, 100, free)).toThrow('tokens a minute');
    clock += 60_000; // 600 of 1,200 are paid
    expect(() => quota.check(1, 100, free)).toThrow('tokens a minute');
    clock += 100;
    quota.check(1, 100, free);
    quota.limit({ tokensPerMinute: 60_000 });
    quota.check(1, 100, free);
    quota.limit({});
    quota.check(100, 100, free);
  });

  test('whatever comes and goes, no more than the limit are under way, and all of it comes back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        async (most, steps) => {
          const quota = new Quota({ maxConcurrent: most }, () => 0);
          const open: { resolve: () => void; reject: (reason: Error) => void }[] = [];
          for (const begin of steps) {
            if (!begin) {
              const last = open.pop();
              if (open.length % 2 === 0) last?.resolve();
              else last?.reject(new Error('failed'));
              await null;
              await null;
            } else if (open.length < most) {
              quota.check(1, 100, free);
              quota.hold(new Promise<void>((resolve, reject) => open.push({ resolve, reject })));
            } else {
              expect(() => quota.check(1, 100, free)).toThrow('is the most');
            }
            expect(quota.taken).toBe(open.length);
          }
        },
      ),
    );
  });
});

describe('the keys file', () => {
  test('is read again while the server runs: new keys hold, old ones do not, what was used stays used', async () => {
    write(entry('acme', { requestsPerMinute: 1 }));
    await using it = await servingScript(() => 'Hi', { keysFile: path });
    await client(it.url, 'acme').chat.completions.create(hello);
    write(entry('acme', { keys: [digest('key of new')], requestsPerMinute: 1 }), entry('umbrella'));
    it.server.reloadKeys();
    expect((await refused(client(it.url, 'acme').chat.completions.create(hello))).status).toBe(401);
    const limited = await refused(client(it.url, 'new').chat.completions.create(hello));
    expect([limited.status, limited.code]).toEqual([429, 'tenant_requests']);
    expect(Number(limited.headers?.get('retry-after-ms'))).toBeGreaterThan(1_000);
    await client(it.url, 'umbrella').chat.completions.create(hello);
    writeFileSync(path, '{');
    const wrong = await errorOf(() => it.server.reloadKeys());
    expect(wrong).toMatchObject({ code: 'INVALID_OPTION', field: 'keysFile' });
    await client(it.url, 'umbrella').chat.completions.create(hello); // all is as it was
  });

  test.each<[string, unknown, string]>([
    ['no JSON', undefined, 'no JSON'],
    ['a list', [], 'the file'],
    ['no tenants', { tenants: [] }, 'tenants'],
    ['a tenant without a key', { tenants: [{ name: 'a', keys: [] }] }, 'tenants[0].keys'],
    ['a key that is none', { tenants: [{ name: 'a', keys: ['secret'] }] }, 'tenants[0].keys[0]'],
    ['an unknown field', { tenants: [{ ...entry('a'), maxConcurent: 1 }] }, 'tenants[0]'],
    ['a class that is none', { tenants: [{ ...entry('a'), classes: ['fast'] }] }, 'tenants[0].classes[0]'],
    [
      'a class that is not its own',
      { tenants: [entry('a', { classes: ['workflow'], defaultClass: 'interactive' })] },
      'defaultClass',
    ],
    ['two tenants of one name', { tenants: [entry('a'), { ...entry('b'), name: 'a' }] }, 'tenants[1].name'],
    ['one key of two', { tenants: [entry('a'), { ...entry('a'), name: 'b' }] }, 'tenants[1].keys[0]'],
    ['a share above 1', { tenants: [entry('a', { queueShare: 1.5 })] }, 'tenants[0].queueShare'],
    ['half a character', { tenants: [{ ...entry('a'), name: '\ud800' }] }, 'tenants[0].name'],
    ['a prototype', JSON.parse('{"tenants":[{"__proto__":{"name":"a"}}]}'), 'tenants[0]'],
  ])('with %s is an error that names the place, and shows nothing of the file', async (_, value, place) => {
    writeFileSync(path, value === undefined ? '{"secret-key' : JSON.stringify(value));
    const error = await errorOf(() => readKeysFile(path));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', field: 'keysFile' });
    expect(error.message).toContain(place);
    expect(error.message).not.toContain('secret');
  });

  test('that is not there, or is no file, is such an error, too', async () => {
    for (const wrong of [join(folder, 'none.json'), folder]) {
      expect(await errorOf(() => readKeysFile(wrong))).toMatchObject({ code: 'INVALID_OPTION', field: 'keysFile' });
    }
  });

  test('any JSON is read or refused, and nothing else happens', async () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        writeFileSync(path, json);
        expect(() => readKeysFile(path)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
      }),
    );
  });
});
