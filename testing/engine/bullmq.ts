import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGES = ['bullmq@6.7.0', 'ioredis@5.8.2'] as const;
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'banyan', PACKAGES[0]);

/** What the test needs of BullMQ: its classes, by the options of its own documentation. */
export interface BullMq {
  Queue: new (
    name: string,
    options: object,
  ) => {
    add(name: string, data: object, options: { jobId: string }): Promise<unknown>;
    getJobCounts(...states: string[]): Promise<Record<string, number>>;
    close(): Promise<void>;
  };
  Worker: new (
    name: string,
    work: (job: { id: string; data: { input: string } }) => Promise<unknown>,
    options: object,
  ) => { on(event: string, listener: (...values: unknown[]) => void): unknown; close(): Promise<void> };
}

/** BullMQ, installed into the user's cache the first time. Undefined, with the reason on stderr, where that does not work. */
export async function bullMq(): Promise<BullMq | undefined> {
  try {
    if (!existsSync(join(folder, 'node_modules', 'ioredis'))) {
      mkdirSync(folder, { recursive: true });
      const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES];
      await promisify(execFile)('npm', args, { timeout: 5 * 60_000 });
    }
    return createRequire(join(folder, 'package.json'))('bullmq') as BullMq;
  } catch (reason) {
    console.error(`skipped: ${PACKAGES.join(' ')} cannot be installed: ${String(reason).split('\n', 1)[0]}`);
    return undefined;
  }
}

/** A Redis of its own on a free port, in memory. Undefined, with the reason on stderr, where there is no redis-server. */
export async function redisServer(port: number): Promise<{ port: number; stop: () => Promise<void> } | undefined> {
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const failed = once(server, 'error').then(([reason]) => String(reason));
  const ended = once(server, 'exit').then(([code]) => `it ended with ${code}`);
  let said = '';
  const ready = new Promise<undefined>((resolve) => {
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/Ready to accept connections/.test(said)) resolve(undefined);
    });
  });
  const why = await Promise.race([ready, failed, ended]);
  if (why !== undefined) {
    console.error(`skipped: redis-server does not start: ${why}`);
    return undefined;
  }
  const stop = async () => {
    server.kill();
    await ended;
  };
  return { port, stop };
}
