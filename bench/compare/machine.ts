import { existsSync, readFileSync } from 'node:fs';

/** CPU time that all programs together took since the machine started, milliseconds. Linux; 0 elsewhere. */
export function busyMs(): number {
  if (!existsSync('/proc/stat')) return 0;
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + soft) * 10; // clock ticks
}
