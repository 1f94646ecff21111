import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EngineStats } from '../../src/index.js';

/*
 * A real file system of 8 MiB that gets full under an engine. Disks that fail, hang and come back are driven in
 * native/test/engine/disk-faults-test.cpp, anywhere.
 */

/** Runs a command with a directory that is such a file system: in a namespace of its own, as root or where users may have those. */
function onSmallDisk(command: string) {
  const dir = mkdtempSync(join(tmpdir(), 'banyan-small-disk-'));
  const mounted = `mount -t tmpfs -o size=8m,mode=700 tmpfs '${dir}' && ${command.replaceAll('DIR', dir)}`;
  try {
    return spawnSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', mounted], { encoding: 'utf8' });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const canMount = onSmallDisk('true').status === 0;
if (!canMount) console.warn('skipped: no file system can be mounted here, so none can be full');

test.skipIf(!canMount)('a disk that is full: every request is answered as without it, and why is said once', () => {
  const { stdout, stderr } = onSmallDisk(
    `exec '${process.execPath}' --import tsx test/engine/children/full-disk.ts DIR`,
  );
  expect(stderr.match(/BANYAN_DISK_CACHE/g)).toHaveLength(1);
  interface Ended {
    asked: number;
    wrong: number;
    told: string[];
    disk: EngineStats['disk'];
    reason: string;
  }
  const { asked, wrong, told, disk, reason }: Ended = JSON.parse(stdout);
  expect(reason).toBe('');
  expect(wrong).toBe(0);
  expect(asked).toBeLessThan(60);
  expect(told).toEqual([
    expect.stringMatching(
      /^the page store has no room for more pages, the least useful give way: growing .*: No space left on device$/,
    ),
  ]);
  expect(disk.error).toContain('No space left on device');
  expect(disk.pages).toBeGreaterThan(40);
  expect(disk.writesOff).toBe(false);
  expect(disk.bytes).toBeLessThan(8 * 2 ** 20);
});
