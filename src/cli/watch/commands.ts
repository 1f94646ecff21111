import type { Command } from 'commander';
import { SERVER } from '../../server/server-options.js';
import { optionFlag } from '../option-flag.js';
import { untilStopped } from '../stop.js';
import { AGENT, type InspectFlags, inspect } from './inspect.js';

/** Adds the commands that show what an engine does or did. */
export function addWatchCommands(program: Command): void {
  program
    .command('inspect')
    .description('a recording to look at in a browser: what was asked, what of it was cached, and why not all')
    .argument('<file>', 'a recording: of `banyan serve --record`, or engine.record()')
    .addOption(optionFlag(SERVER, 'port', '--port <n>', 'port of the page; 0: a free one').default(0))
    .addOption(optionFlag(AGENT, 'agent', '--agent <n>', 'print the calls of this agent instead; 0: those of none'))
    .option('--json', 'with --agent: a line of JSON a call', false)
    .addHelpText(
      'after',
      `
It prints an address, which this machine alone reaches, and ends with Ctrl-C. A recording has no text, so that none is shown.

Examples:
  banyan inspect trace.jsonl
  banyan inspect trace.jsonl --agent 7`,
    )
    .action((file: string, flags: InspectFlags) => untilStopped((stop) => inspect(file, flags, stop), true));
}
