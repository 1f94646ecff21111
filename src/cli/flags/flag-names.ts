import type { Command } from 'commander';

/** Flags whose option has another name. */
const OTHERS: Record<string, string> = { apiKeys: '--api-key-file', noAuth: '--no-auth', cache: '--cache-dir' };

/** A message in which options that a command has flags for, in backticks or as `maxContext or kvTokens`, are those flags. */
export function inFlags(message: string, command: Command): string {
  const names = new Map(Object.entries(OTHERS));
  const all = [command, ...command.commands].flatMap(({ options }) => options);
  for (const option of all) names.set(option.attributeName(), option.long ?? option.flags);
  return message
    .replace(/`([a-z][A-Za-z]*)`/g, (whole, name: string) => names.get(name) ?? whole)
    .replace(/\b(?:maxContext|kvTokens)\b/g, (name) => names.get(name) ?? name);
}
