import { BanyanError } from '../../kit/errors.js';

/** Commands of a conversation, each with what it takes and does. */
const COMMANDS = {
  '/system': ['[text]', 'what the model is told first; without a text: shows it; "": nothing'],
  '/clear': ['', 'forgets the conversation'],
  '/save': ['<file>', 'keeps the conversation, as JSON'],
  '/load': ['<file>', 'goes on with one that was kept'],
  '/set': ['[option value]', 'such as temperature 0.2, top_p default, max_tokens 200, thinking off; alone: shows all'],
  '/stats': ['', 'tokens, cache and speed'],
  '/help': ['', 'this'],
  '/bye': ['', 'ends, as Ctrl-D does'],
} as const;

export type CommandName = keyof typeof COMMANDS;

const ALSO: Record<string, CommandName> = { '/new': '/clear', '/exit': '/bye', '/quit': '/bye', '/?': '/help' };

export const SHORT_HELP = '/help lists the commands. """ begins and ends a text of several lines.';

export const HELP = [
  ...Object.entries(COMMANDS).map(([name, [takes, does]]) => `${`${name} ${takes}`.padEnd(22)} ${does}`),
  `${'"""'.padEnd(22)} begins and ends a text of several lines`,
  `${'Ctrl-C'.padEnd(22)} stops an answer`,
].join('\n');

/** A line that is a command, and what stands behind its name; undefined: it is said to the model. Throws INVALID_OPTION. */
export function readCommand(line: string): { name: CommandName; rest: string } | undefined {
  const [, said = '', rest = ''] = /^(\/[a-z?]+)(?:\s+(.*))?$/s.exec(line) ?? [];
  if (said === '') return undefined;
  const name = ALSO[said] ?? said;
  if (name in COMMANDS) return { name: name as CommandName, rest: rest.trim() };
  throw new BanyanError('INVALID_OPTION', `There is no ${said}. ${SHORT_HELP}`, { field: 'command' });
}
