import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { ChatMessage } from '../../chat/chat-message.js';
import { BanyanError, messageOf } from '../../kit/errors.js';
import { createPrivate } from '../../kit/private-file.js';

/** A conversation as a file has it: JSON that any model can go on with. */
export interface SavedChat {
  system?: string | undefined;
  messages: readonly ChatMessage[];
}

/** Writes it where its owner alone reads it, over what was there. Rejects with INVALID_OPTION. */
export async function saveChat(path: string, chat: SavedChat): Promise<void> {
  await named('/save', path, async (place) => {
    const file = await createPrivate(place, true);
    try {
      await file.writeFile(`${JSON.stringify(chat, undefined, 2)}\n`);
    } finally {
      await file.close();
    }
  });
}

/** Messages are checked by the session that gets them. Rejects with INVALID_OPTION. */
export function loadChat(path: string): Promise<SavedChat> {
  return named('/load', path, async (place) => {
    const { system, messages } = Object(JSON.parse(await readFile(place, 'utf8'))) as Partial<SavedChat>;
    if (system !== undefined && typeof system !== 'string') throw new Error('its "system" is no text');
    if (!Array.isArray(messages)) throw new Error('it has no list "messages"');
    return { system, messages };
  });
}

async function named<T>(command: string, path: string, work: (place: string) => Promise<T>): Promise<T> {
  if (path === '') throw new BanyanError('INVALID_OPTION', `${command} needs the path of a file`, { field: 'path' });
  try {
    return await work(path.replace(/^~(?=\/)/, homedir()));
  } catch (cause) {
    throw new BanyanError('INVALID_OPTION', `${command} ${path}: ${messageOf(cause)}`, { field: 'path', cause });
  }
}
