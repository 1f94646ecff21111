import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { DatabaseLibrary } from '../../src/runs/database.js';

const PACKAGE = 'better-sqlite3@12.9.0';
const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'banyan', PACKAGE);

/**
 * better-sqlite3, installed into the user's cache the first time: a build of a minute or two where there is no prebuilt one.
 * Undefined, with the reason on stderr, where that does not work: no registry, no compiler.
 */
export async function sqlite(): Promise<DatabaseLibrary | undefined> {
  try {
    const require = createRequire(join(folder, 'package.json'));
    if (!existsSync(join(folder, 'node_modules', 'better-sqlite3', 'build', 'Release'))) await install();
    return require('better-sqlite3') as DatabaseLibrary;
  } catch (reason) {
    console.error(`skipped: ${PACKAGE} cannot be installed: ${String(reason).split('\n', 1)[0]}`);
    return undefined;
  }
}

async function install(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const node = dirname(dirname(process.execPath)); // headers of this Node, where it came with some
  const nodedir = existsSync(join(node, 'include', 'node')) ? { npm_config_nodedir: node } : {};
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', PACKAGE];
  await promisify(execFile)('npm', args, { env: { ...process.env, ...nodedir }, timeout: 10 * 60_000 });
}
