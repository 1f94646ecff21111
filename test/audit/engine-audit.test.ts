import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import type { AuditEntry } from '../../src/audit/entry.js';
import { verifyAudit } from '../../src/audit/verify-audit.js';
import { ENDING_MODEL } from '../../testing/engine/random-engine.js';
import { scripted } from '../../testing/engine/scripted-engine.js';
import { randomModel } from '../../testing/models/random-model.js';
import { codeOf } from '../support/expect-code.js';
import { Cli } from '../support/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-engine-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => join(folder, `${files++}.jsonl`);
const entriesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as AuditEntry);

test('each request of an engine is on record, of any caller, with its tenant and label, and its text only where asked for', async () => {
  for (const texts of [false, true]) {
    const { engine, native } = scripted((prompt) => (prompt.includes('SECRET') ? 'It is 42.' : 'Yes.'));
    const path = fresh();
    const log = await AuditLog.open(path, { texts });
    expect(engine.auditLog).toBe(undefined);
    const end = engine.audit(log);
    expect(engine.auditLog).toBe(log);
    const said = [{ role: 'user' as const, content: 'SECRET?' }];
    await engine.generate(said, { tenant: 'acme', label: 'request 1' });
    const session = engine.session({ tenant: 'acme' });
    await session.generate('Hello');
    await session.generate('Is it?');
    const agent = new Agent({ engine, tenant: 'umbrella' });
    await agent.run('Go');
    await engine.generate(new Int32Array([1, 2, 3]));
    const cancelled = engine.generate(said, { tenant: 'gone' });
    cancelled.cancel(); // before it started: it came to no model
    await cancelled.result;
    end();
    expect(engine.auditLog).toBe(undefined);
    await engine.generate(said, { tenant: 'not recorded' });
    await log.close();
    expect(await verifyAudit(path)).toMatchObject({ ok: true, entries: 7, closed: true });
    const entries = entriesOf(path).slice(1, -1);
    expect(entries.map((entry) => 'tenant' in entry && [entry.type, entry.tenant])).toEqual([
      ...[
        ['request', 'acme'],
        ['request', 'acme'],
        ['request', 'acme'],
        ['request', 'umbrella'],
        ['request', ''],
      ],
    ]);
    expect(entries[0]).toMatchObject({ label: 'request 1', model: 'scripted', finishReason: 'stop', outputTokens: 9 });
    expect(entries[0]).toMatchObject({ read: log.text(JSON.stringify([{ content: 'SECRET?', role: 'user' }])) });
    expect(entries[2]).toMatchObject({ answer: log.text('Yes.'), read: { characters: expect.any(Number) } });
    expect(entries[4]).toMatchObject({ read: log.text('[1,2,3]') });
    const file = readFileSync(path, 'utf8');
    expect([file.includes('SECRET'), file.includes('It is 42.'), file.includes('Is it?')]).toEqual([
      texts,
      texts,
      texts,
    ]);
    expect(native.requests).toHaveLength(6);
  }
});

test('a request that fails is on record with its code', async () => {
  const { engine } = scripted(() => ({ steps: [], error: { code: 'STEP_FAILED', message: 'no' } }));
  const path = fresh();
  await using log = await AuditLog.open(path);
  engine.audit(log);
  expect(await codeOf(() => engine.generate('x', { tenant: 't' }))).toBe('STEP_FAILED');
  await log.flush();
  expect(entriesOf(path).at(-1)).toMatchObject({ type: 'request-failed', tenant: 't', code: 'STEP_FAILED' });
});

test('when nothing can be recorded nothing is asked; two logs, or what is none, are refused', async () => {
  const { engine, native } = scripted(() => 'Yes.');
  const path = fresh();
  const log = await AuditLog.open(path);
  const end = engine.audit(log);
  expect(await codeOf(() => engine.audit(log))).toBe('INVALID_OPTION');
  expect(await codeOf(() => engine.audit({} as AuditLog))).toBe('INVALID_OPTION');
  const session = engine.session();
  appendFileSync(path, 'x\n'); // another writer
  await session.generate('Hello');
  expect(await codeOf(() => log.flush())).toBe('AUDIT_FAILED');
  const asked = native.requests.length;
  expect(await codeOf(() => engine.generate('x'))).toBe('AUDIT_FAILED');
  expect(await codeOf(() => session.generate('x'))).toBe('AUDIT_FAILED');
  expect([native.requests.length, session.busy]).toEqual([asked, false]);
  end();
  expect((await session.generate('x')).text).toBe('Yes.');
  await log.close().catch(() => {});
});

test('banyan serve --audit: each request over HTTP, by its x-request-id, and banyan audit verify reads it', {
  timeout: 60_000,
}, async () => {
  const path = fresh();
  const model = ['--model', randomModel(ENDING_MODEL), '--threads', '1'];
  const env = { BANYAN_AUDIT_KEY: 'a secret' };
  const cli = new Cli(['serve', ...model, '--port', '0', '--audit', path], env);
  const url = (await cli.until('stdout', /https?:\/\/\S+\/v1\n/)).trim();
  const body = { messages: [{ role: 'user', content: 'Tell me the SECRET' }], max_tokens: 4 };
  const headers = { 'content-type': 'application/json' };
  const paths = ['/chat/completions', '/messages'];
  const ids: (string | null)[] = [];
  for (const face of paths) {
    const response = await fetch(`${url}${face}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(200);
    ids.push(response.headers.get('x-request-id'));
  }
  cli.kill('SIGTERM');
  expect((await cli.ended()).code).toBe(0);
  const requests = entriesOf(path).filter(({ type }) => type === 'request');
  expect(requests.map((entry) => 'label' in entry && entry.label)).toEqual(ids);
  expect(readFileSync(path, 'utf8')).not.toContain('SECRET');
  const verified = await new Cli(['audit', 'verify', path], env).end();
  expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/^whole: 4 entries\n/)]);
  expect((await new Cli(['audit', 'verify', path], { BANYAN_AUDIT_KEY: 'another' }).end()).code).toBe(1);
});
