import { AuditLog } from '../../../src/audit/audit-log.js';

// Records for ever, and says how many entries are on the disk.
const log = await AuditLog.open(process.argv[2] as string);
for (let n = 1; ; n++) {
  log.record({ type: 'end', tenant: '', run: `run ${n}`, reason: 'answer' });
  if (n % 50 > 0) continue;
  await log.flush();
  process.stdout.write(`recorded ${n}\n`);
}
