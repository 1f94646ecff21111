#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { BanyanError } from '../engine/errors.js';
import type { EngineOptions } from '../engine/load-options.js';
import { demo } from './demo/demo.js';
import { info } from './info.js';
import { run } from './run.js';

interface EngineFlags {
  model?: string;
  threads?: number;
  kvTokens?: number;
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = new Command('banyan')
  .description('Many agents on one prefix tree of paged KV, inside Node.')
  .version(version);

engineCommand('demo', 'a fleet of agents with tools, and the same work without cache and batching')
  .option('--agents <n>', 'agents at the same time', wholeNumber(1), 8)
  .option('--max-tokens <n>', 'most tokens a step', wholeNumber(1), 128)
  .option('--force-tools <n>', 'let none of the first n steps end without a tool call', wholeNumber(0), 0)
  .option('--no-compare', 'leave the comparison out')
  .option('--json', 'print the report as JSON', false)
  .action(async (flags) => demo({ ...flags, engine: engineOptions(flags) }));

engineCommand('run', 'one prompt, streamed')
  .argument('<prompt>')
  .option('--max-tokens <n>', 'most tokens to generate', wholeNumber(1))
  .action(async (prompt, flags) => run(prompt, { maxTokens: flags.maxTokens, engine: engineOptions(flags) }));

engineCommand('info', 'what this machine and model are run with')
  .option('--json', 'print it as JSON', false)
  .action(async (flags) => info({ json: flags.json, engine: engineOptions(flags) }));

function engineCommand(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--model <path|hf:user/repo:quant|url>', 'a GGUF; default: the small model of the package')
    .option('--threads <n>', 'compute threads; 0: one a physical core (default; 1 for the small model)', wholeNumber(0))
    .option('--kv-tokens <n>', 'tokens of the page pool; 0: chosen from the free memory', wholeNumber(0));
}

function engineOptions({ model, threads, kvTokens }: EngineFlags): EngineOptions {
  return { model, threads, kvTokens };
}

function wholeNumber(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`a whole number from ${least} on`);
    return value;
  };
}

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0); // whoever reads has seen enough: `| head`
  process.stderr.write(`stdout: ${message}\n`);
  process.exit(1);
});
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BanyanError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
