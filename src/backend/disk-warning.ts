import type { NativeEvent } from '../native/events.js';

const told = new Set<string>();

/** What became of the disk cache, as a warning of the process (code BANYAN_DISK_CACHE), once for each reason. */
export function warnOfDisk(events: readonly NativeEvent[]): void {
  for (const event of events) {
    if (event.type !== 'decision' || event.decision.kind !== 'disk' || told.has(event.decision.what)) continue;
    told.add(event.decision.what);
    process.emitWarning(event.decision.what, { code: 'BANYAN_DISK_CACHE' });
  }
}
