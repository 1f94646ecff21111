import type { Command } from 'commander';
import { type LookFlags, ls, path, rm, stats } from './cache.js';
import { type RemoveFlags, toSeconds } from './chosen.js';

const DIR = ['--cache-dir <path>', 'the directory; default: BANYAN_CACHE_DIR, or ~/.cache/banyan/kv'] as const;
const JSON_FLAG = ['--json', 'print it as JSON', false] as const;

/** Adds `banyan cache` and what it can do. */
export function addCacheCommands(program: Command): void {
  const cache = program.command('cache').description('pages of the KV cache that are kept on disk');
  cache
    .command('path')
    .description('where they are')
    .option(...DIR)
    .action(path);
  cache
    .command('ls')
    .description('of which models, how much, and when it was used last')
    .option(...DIR)
    .option(...JSON_FLAG)
    .addHelpText(
      'after',
      '\nNames of tenants are not written: a tag stands for each, "none" for calls without one. It tells nothing of the name.',
    )
    .action((flags: LookFlags) => ls(flags));
  cache
    .command('stats')
    .description('all models together')
    .option(...DIR)
    .option(...JSON_FLAG)
    .action((flags: LookFlags) => stats(flags));
  cache
    .command('rm')
    .description('removes what is kept, also while a process uses it: what is gone is computed')
    .argument('[models...]', 'names or ids, as `ls` shows them')
    .option('--all', 'of every model', false)
    .option('--older-than <span>', 'only what was not used for so long: 90m, 12h, 30d', toSeconds)
    .option('--dry-run', 'say what would go, and leave it', false)
    .option(...DIR)
    .option(...JSON_FLAG)
    .addHelpText('after', '\nExamples:\n  banyan cache rm "Qwen3 4B"\n  banyan cache rm --older-than 30d')
    .action((models: string[], flags: RemoveFlags & LookFlags) => rm(models, flags));
}
