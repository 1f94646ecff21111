import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AuditLog } from '../../src/audit/audit-log.js';
import { Cli } from '../support/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-audit-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ran = (args: string[]) => new Cli(args).end();

test('banyan audit verify: 0 and the head of a whole log, 1 and the number of the first wrong entry', async () => {
  const path = join(folder, 'audit.jsonl');
  const log = await AuditLog.open(path);
  for (let n = 0; n < 4; n++) log.record({ type: 'end', tenant: '', run: `${n}`, reason: 'answer' });
  await log.close();
  const head = `${log.head.entry}:${log.head.chain}`;
  const whole = await ran(['audit', 'verify', path, '--head', head]);
  expect([whole.code, whole.stdout]).toEqual([0, `whole: 6 entries\nhead: ${head}\n`]);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"run":"1"', '"run":"7"'));
  const damaged = await ran(['audit', 'verify', path]);
  expect(damaged.code).toBe(1);
  expect(damaged.stdout).toMatch(/^entry 3: it is not as it was written/);
  const missing = await ran(['audit', 'verify', join(folder, 'none')]);
  expect([missing.code, missing.stderr.slice(0, 12)]).toEqual([1, 'AUDIT_FAILED']);
});
