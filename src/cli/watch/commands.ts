import type { Command } from 'commander';
import { SERVER } from '../../server/server-options.js';
import { optionFlag } from '../flags/option-flag.js';
import { untilStopped } from '../stop.js';
import { AGENT, type InspectFlags, inspect } from './inspect.js';
import { type TopFlags, top } from './top.js';

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
  program
    .command('top')
    .description('a running server in the terminal: pages, requests and what they wait for, agents')
    .argument('[url]', 'of `banyan serve`', 'http://127.0.0.1:8080')
    .option('--model <name>', 'which of several models')
    .option('--once', 'print it once; so it does where the output is no terminal', false)
    .option('--json', 'print one moment as JSON', false)
    .addHelpText(
      'after',
      `
A server with keys wants that of an administrator, in BANYAN_API_KEY. Sums of cached tokens are since the model was loaded. Ctrl-C ends it.

Examples:
  banyan top
  BANYAN_API_KEY=... banyan top https://engine.example | head -5`,
    )
    .action((url: string, flags: TopFlags) => untilStopped(({ signal }) => top(url, flags, signal), true));
}
