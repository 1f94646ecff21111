import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTool } from 'banyan';
import { type TextLimits, textField } from './text-field.js';

const MOST_HITS = 2;

interface Note {
  name: string;
  text: string;
}

/** Searches the Markdown files of a folder, read anew for each search. */
export function searchNotesTool(folder: string, limits: TextLimits) {
  return defineTool({
    name: 'search_notes',
    description: "Search the user's notes",
    input: { type: 'object', properties: { query: textField(limits) }, required: ['query'] },
    execute: async (input) => ({ hits: findNotes(await readNotes(folder), (input as { query: string }).query) }),
  });
}

/** Title from the first heading; the rest in one line. */
export async function readNotes(folder: string): Promise<Note[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    files.map(async (file) => {
      const [heading = file, ...lines] = (await readFile(join(folder, file), 'utf8')).split('\n');
      return { name: heading.replace(/^#+\s*/, ''), text: lines.join(' ').replaceAll(/\s+/g, ' ').trim() };
    }),
  );
}

/** Best match first: how many of the words occur, those of the title twice. Notes without any of them are left out. */
export function findNotes(notes: readonly Note[], query: string): Note[] {
  const words = wordsOf(query).filter((word) => word.length > 2 && word !== 'the');
  const score = ({ name, text }: Note) => {
    const [title, all] = [wordsOf(name), [...wordsOf(name), ...wordsOf(text)]];
    return words.reduce((sum, word) => sum + Number(all.includes(word)) + Number(title.includes(word)), 0);
  };
  const scored = notes.map((note) => ({ note, score: score(note) })).sort((a, b) => b.score - a.score);
  const best = scored[0]?.score ?? 0;
  return scored
    .filter((hit) => hit.score > best / 2)
    .slice(0, MOST_HITS)
    .map(({ note }) => note);
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
