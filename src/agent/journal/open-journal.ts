import { BanyanError } from '../../kit/errors.js';
import { checkName, invalidOption } from '../../kit/option-checks.js';
import { reading } from '../../kit/read-options.js';
import { boundedWait, type RunEnds } from './bounded-wait.js';
import type { Journal } from './journal.js';
import { JournalFile } from './journal-file.js';

/** A journal that one run of this process has to itself. */
export interface OpenJournal extends Journal {
  close(): Promise<void>;
}

const taken = new WeakSet<Journal>();

/** `create`: a file may be missing. Rejects with JOURNAL_BUSY, JOURNAL_FAILED. */
export async function openJournal(journal: string | Journal, create: boolean, ends: RunEnds): Promise<OpenJournal> {
  if (typeof journal === 'string') return JournalFile.open(journal, create);
  if (taken.has(journal))
    throw new BanyanError('JOURNAL_BUSY', 'Another run writes this journal', { field: 'journal' });
  taken.add(journal);
  return {
    entries: () => boundedWait(() => journal.entries(), ends),
    append: (entry) => boundedWait(() => journal.append(entry), ends),
    close: async () => void taken.delete(journal),
  };
}

/** Throws INVALID_OPTION. */
export function checkJournal(field: string, journal: unknown): string | Journal {
  if (typeof journal === 'string' && journal !== '') return checkName(field, journal);
  const { append, entries } = reading(field, () => {
    const { append, entries } = Object(journal) as Partial<Journal>;
    return { append, entries };
  });
  if (typeof append === 'function' && typeof entries === 'function') return journal as Journal;
  throw invalidOption(field, 'a path, or an object with `append` and `entries`', journal);
}
