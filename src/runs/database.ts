import { constants } from 'node:fs';
import { BanyanError, messageOf } from '../kit/errors.js';
import { openPrivate } from '../kit/private-file.js';

/** What a store needs of better-sqlite3. */
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  pragma(source: string, options?: { simple: boolean }): unknown;
  /** The function, each call of it in a transaction that takes the right to write at once. */
  transaction<Args extends unknown[], Result>(run: (...args: Args) => Result): { immediate(...args: Args): Result };
  close(): void;
}

export interface Statement {
  run(...values: readonly unknown[]): { changes: number };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
}

/** Class `Database` of better-sqlite3. */
export type DatabaseLibrary = new (path: string, options: { timeout: number }) => Database;

/** 'BNYN': how a file says that it is one of ours. */
const APPLICATION = 0x424e594e;
/** Of the tables below. */
const VERSION = 1;
/** Milliseconds that a write waits for the write of another process. */
const PATIENCE = 10_000;

const TABLES = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY, parent TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    entries INTEGER NOT NULL, chain TEXT NOT NULL, stop TEXT
  ) WITHOUT ROWID;
  CREATE INDEX runs_by_parent ON runs (parent);
  CREATE TABLE entries (
    run TEXT NOT NULL, n INTEGER NOT NULL, line TEXT NOT NULL, chain TEXT NOT NULL, PRIMARY KEY (run, n)
  ) WITHOUT ROWID;
  CREATE TABLE steps (
    run TEXT NOT NULL, key TEXT NOT NULL, value TEXT, chain TEXT NOT NULL, PRIMARY KEY (run, key)
  ) WITHOUT ROWID;
`;

/**
 * A file of runs, made if it is missing; its owner alone reads it. A write is on the disk when it returns (WAL, synchronous).
 * Rejects with JOURNAL_FAILED, JOURNAL_INVALID for a file that is something else, and says so where the library is missing.
 */
export async function openDatabase(path: string, given: DatabaseLibrary | undefined): Promise<Database> {
  const Library = given ?? (await installed());
  let database: Database | undefined;
  try {
    await (await openPrivate(path, constants.O_RDWR, true)).close(); // through no link, mode 0600; the files beside it get the same
    database = new Library(path, { timeout: PATIENCE });
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    setUp(database, path);
    return database;
  } catch (cause) {
    database?.close();
    throw storeError(`The runs in ${path} cannot be opened`, cause);
  }
}

function setUp(database: Database, path: string): void {
  const number = (name: string) => Number(database.pragma(name, { simple: true }));
  database
    .transaction(() => {
      if (number('application_id') === APPLICATION) return;
      const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number };
      if (tables.count > 0) throw notOurs(path, 'it is another database');
      database.exec(TABLES);
      database.pragma(`application_id = ${APPLICATION}`);
      database.pragma(`user_version = ${VERSION}`);
    })
    .immediate();
  if (number('user_version') !== VERSION) throw notOurs(path, 'another version of Banyan wrote it');
}

async function installed(): Promise<DatabaseLibrary> {
  const name = 'better-sqlite3'; // an optional peer: not found at build time
  try {
    return ((await import(name)) as { default: DatabaseLibrary }).default;
  } catch (cause) {
    const message = 'A store of runs needs the package better-sqlite3: npm install better-sqlite3@12';
    throw new BanyanError('JOURNAL_FAILED', message, { field: 'path', cause });
  }
}

function notOurs(path: string, why: string): BanyanError {
  return new BanyanError('JOURNAL_INVALID', `${path} holds no runs: ${why}`, { field: 'path' });
}

/** What the library or the file system says, as one of our errors. A file that is no database is damaged, not out of reach. */
export function storeError(what: string, cause: unknown): BanyanError {
  if (cause instanceof BanyanError) return cause;
  const code = String((cause as { code?: unknown } | null)?.code ?? '');
  const known = /^SQLITE_(NOTADB|CORRUPT)/.test(code) ? 'JOURNAL_INVALID' : 'JOURNAL_FAILED';
  const busy = code.startsWith('SQLITE_BUSY');
  return new BanyanError(busy ? 'JOURNAL_BUSY' : known, `${what}: ${messageOf(cause)}`, { field: 'path', cause });
}
