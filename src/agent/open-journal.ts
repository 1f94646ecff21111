import { BanyanError } from '../engine/errors.js';
import { invalidOption } from '../engine/option-checks.js';
import type { Journal } from './journal.js';
import { JournalFile } from './journal-file.js';

/** A journal that one run of this process has to itself. */
export interface OpenJournal extends Journal {
  close(): Promise<void>;
}

const taken = new WeakSet<Journal>();

/** `create`: a file may be missing. Rejects with JOURNAL_BUSY, JOURNAL_FAILED. */
export async function openJournal(journal: string | Journal, create: boolean): Promise<OpenJournal> {
  if (typeof journal === 'string') return JournalFile.open(journal, create);
  if (taken.has(journal))
    throw new BanyanError('JOURNAL_BUSY', 'Another run writes this journal', { field: 'journal' });
  taken.add(journal);
  return {
    entries: () => journal.entries(),
    append: (entry) => journal.append(entry),
    close: async () => void taken.delete(journal),
  };
}

/** Throws INVALID_OPTION. */
export function checkJournal(journal: unknown): string | Journal {
  if (typeof journal === 'string' && journal !== '') return journal;
  const { append, entries } = Object(journal) as Partial<Journal>;
  if (typeof append === 'function' && typeof entries === 'function') return journal as Journal;
  throw invalidOption('journal', 'a path, or an object with `append` and `entries`', journal);
}
