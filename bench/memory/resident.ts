import { readFileSync } from 'node:fs';

/** Bytes of a process in memory: now, and the part of that which is no file's; and the most there ever were. Linux only. */
export interface Resident {
  now: number;
  anonymous: number;
  peak: number;
}

export function residentOf(pid: number): Resident {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { now: bytes('VmRSS'), anonymous: bytes('RssAnon'), peak: bytes('VmHWM') };
}
