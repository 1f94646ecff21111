import type { Command } from 'commander';
import { SWAP } from '../../models/use-options.js';
import { LOAD } from '../../native/load-options.js';
import { optionFlag } from '../flags/option-flag.js';
import { untilStopped } from '../stop.js';
import { type SwapFlags, swap } from './swap.js';

/** Adds the commands about models of a running server. */
export function addModelsCommands(program: Command): void {
  program
    .command('models')
    .description('models of a running server')
    .command('swap')
    .description('another file under the name of one of several models, while it serves')
    .argument('<name>', 'of the model')
    .argument('<source>', 'the file in its place, on the machine of the server: as for --model')
    .option('--url <url>', 'of `banyan serve --swaps`', 'http://127.0.0.1:8080')
    .addOption(optionFlag(LOAD, 'kvTokens', '--kv-tokens <n>', 'of its cache; default: as the old one was declared'))
    .addOption(optionFlag(LOAD, 'maxContext', '--max-context <n>', 'tokens of a request; default: as declared'))
    .addOption(
      optionFlag(SWAP, 'drainMs', '--drain-ms <n>', 'how long requests under way get; default: as long as they need'),
    )
    .option('--json', 'print how it went as JSON', false)
    .addHelpText(
      'after',
      `
The key of an administrator is taken from BANYAN_API_KEY. Ctrl-C ends it as long as the old model serves, which goes on then.

Example:
  BANYAN_API_KEY=... banyan models swap small small-2.gguf --drain-ms 60000`,
    )
    .action((name: string, source: string, flags: SwapFlags) =>
      untilStopped(({ signal }) => swap(name, source, flags, signal)),
    );
}
