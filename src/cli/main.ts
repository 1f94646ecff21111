#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { REPORT } from '../doctor/diagnose.js';
import { EMBED } from '../embedding/embedding-options.js';
import { BanyanError } from '../kit/errors.js';
import { SERVER } from '../server/server-options.js';
import { type AuditFlags, verify } from './audit.js';
import { forServer } from './cache/cache-place.js';
import { addCacheCommands } from './cache/commands.js';
import { chat } from './chat/chat.js';
import { HELP } from './chat/commands.js';
import { historyPath } from './chat/typed-history.js';
import { type DoctorFlags, doctor } from './doctor.js';
import { embed } from './embed.js';
import { inFlags } from './flags/flag-names.js';
import { optionFlag } from './flags/option-flag.js';
import {
  type AnswerFlags,
  answerOptions,
  type EngineFlags,
  engineOptions,
  type MachineFlags,
  type ServeFlags,
  serverOptions,
  toPercent,
  withAnswerFlags,
  withEngineFlags,
  withServeFlags,
} from './flags.js';
import { info } from './info.js';
import { addModelsCommands } from './models/commands.js';
import { type ModelsFlags, modelsOf } from './models.js';
import { runInput } from './prompt-input.js';
import { run } from './run.js';
import { serve } from './serve.js';
import { untilStopped } from './stop.js';
import { addWatchCommands } from './watch/commands.js';
import { type WorkersFlags, withWorkersFlags, workersOf } from './workers/flags.js';
import { worker } from './workers/worker.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = new Command('banyan')
  .description('Many agents on one prefix tree of paged KV, inside Node.')
  .version(version)
  .addHelpText(
    'after',
    `
Examples:
  banyan run "Hello"                                   one answer of the small model of the package
  banyan run hf:Qwen/Qwen3-4B-GGUF:Q4_K_M "Hello"      of any GGUF: a path, a Hugging Face name or a URL
  banyan chat model.gguf --system "Be brief."          a conversation

Exit codes: 0 done, 1 something is wrong (one line says what; doctor: less was reused than --fail-under), 130 Ctrl-C, 143 SIGTERM (serve: 0, once it has closed).`,
  );

withAnswerFlags(program.command('run').description('one prompt, one answer, streamed'))
  .usage('[options] [model] "<prompt>"')
  .argument('[words...]', 'the prompt in quotes, after a model if you like; "-" or none: read from the input')
  .option('--json', 'print text, usage and finish reason as JSON', false)
  .addHelpText(
    'after',
    `
Examples:
  banyan run "What can you do?"
  banyan run model.gguf "Hello" --temperature 0
  git diff | banyan run --model model.gguf --system "Describe this change."`,
  )
  .action(async (_words: unknown, flags: AnswerFlags & { json: boolean }, command: Command) =>
    untilStopped(async ({ signal }) => {
      const { model, prompt } = await runInput(command.args, process.stdin, signal);
      const engine = { ...engineOptions(flags, model), signal };
      await run(prompt, { engine, answer: answerOptions(flags), system: flags.system, json: flags.json });
    }),
  );

withAnswerFlags(program.command('chat').description('a conversation on the terminal'))
  .argument('[model]', 'a GGUF, as for --model')
  .option('--json', 'an answer is a line of JSON: text, reasoning, finishReason and usage, or error', false)
  .option('--no-history', 'keep no file of what was typed')
  .addHelpText(
    'after',
    `
Examples:
  banyan chat hf:Qwen/Qwen3-4B-GGUF:Q4_K_M --system "Answer briefly." --no-thinking
  printf 'Hello\\nThanks\\n' | banyan chat --json

${HELP}

What is typed is kept in ${historyPath()}, which its owner alone reads. Each line of a piped input is a turn.`,
  )
  .action(async (model: string | undefined, flags: AnswerFlags & { json: boolean; history: boolean }) =>
    untilStopped(async (stop) => {
      const engine = { ...engineOptions(flags, model), signal: stop.signal };
      const { system, json, history } = flags;
      await chat({ engine, answer: answerOptions(flags), system, json, history, stop });
    }),
  );

withEngineFlags(program.command('embed').description('the vectors of texts, of an embedding model'))
  .argument('<model>', 'a GGUF of an embedding model, as for --model')
  .argument('[texts...]', 'texts in quotes; none: the lines of the input')
  .addOption(optionFlag(EMBED, 'dimensions', '--dimensions <n>', 'numbers of a vector that are kept; default: all'))
  .addHelpText(
    'after',
    '\nExample:\n  banyan embed hf:Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0 "A banyan is a tree." > vector.json',
  )
  .action(async (model: string, texts: string[], flags: EngineFlags & { dimensions?: number }) =>
    untilStopped(({ signal }) =>
      embed(texts, { engine: { ...engineOptions(flags, model), signal }, dimensions: flags.dimensions }),
    ),
  );

withWorkersFlags(
  withServeFlags(program.command('serve').description("an HTTP server that speaks OpenAI's and Anthropic's API")),
)
  .argument('[model]', 'a GGUF, as for --model')
  .option('--audit <path>', 'a log of every request, hash-chained; `banyan audit verify` reads it back')
  .option('--audit-texts', 'in that log, texts of prompts and answers, not their digests alone', false)
  .option('--record <path>', 'a recording, without texts, for `banyan inspect` and `banyan doctor`; of one model')
  .option('--traces', 'spans for OpenTelemetry, to the SDK that the process was started with', false)
  .addHelpText(
    'after',
    `
Several models: --model small=a.gguf --model large=b.gguf, or --models file.json. A request's "model" picks one, which is loaded when it is
first asked for; all together take at most --memory-bytes.

It prints its address once it answers. Point a client at it:
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none your-program

The log of --audit has its secret from BANYAN_AUDIT_KEY, if that is set.

Ctrl-C and SIGTERM let answers under way end (--drain-ms at most); a second one ends at once.`,
  )
  .action(
    async (
      model: string | undefined,
      flags: MachineFlags & ModelsFlags & ServeFlags & AuditFlags & WorkersFlags & { traces: boolean; record?: string },
    ) =>
      untilStopped(async (stop) => {
        const [only] = flags.model;
        const machine = forServer(engineOptions({ ...flags, model: undefined }));
        const several = modelsOf(flags, machine, model);
        const engine = several ? machine : forServer(engineOptions({ ...flags, model: only }, model));
        const server = { ...serverOptions(flags), ...(several && { aliases: several.aliases }) };
        const models = several?.models;
        const workers = workersOf(flags, engine, models !== undefined);
        const { record, traces } = flags;
        await serve({ engine, models, workers, server, audit: flags, traces, record, stop });
      }, true),
  );

withEngineFlags(
  program.command('worker').description('an engine for other processes of this user, by token ids on a Unix socket'),
)
  .argument('[model]', 'a GGUF, as for --model')
  .requiredOption('--socket <path>', 'where it listens; its owner alone may connect')
  .addOption(optionFlag(SERVER, 'drainMs', '--drain-ms <n>', 'when it stops: how long answers under way get to end'))
  .addHelpText(
    'after',
    `
It prints its address once it answers:
  RemoteEngine.connect({ url: 'unix:/run/user/1000/banyan.sock', model: 'model.gguf' })

Ctrl-C and SIGTERM let answers under way end; a second one ends at once. "banyan serve --workers 2" starts workers by itself.`,
  )
  .action(async (model: string | undefined, flags: EngineFlags & { socket: string; drainMs?: number }) =>
    untilStopped((stop) => {
      const { socket, drainMs } = flags;
      return worker({ engine: { ...engineOptions(flags, model), signal: stop.signal }, socket, drainMs }, stop);
    }, true),
  );

program
  .command('doctor')
  .description('what the calls of a file could have reused, and did not')
  .option(
    '--model <path|hf:user/repo:quant|url>',
    'a GGUF that counts the tokens; default: four characters are a token',
  )
  .argument(
    '<file>',
    'JSON Lines: a recording of engine.record(), or bodies of requests, as OpenAI or Anthropic have them',
  )
  .option('--json', 'print the report as JSON', false)
  .option('--texts', 'show both sides of each difference; they may be private', false)
  .option('--fail-under <percent>', 'exit with 1 when less of what could be reused was', toPercent)
  .addOption(
    optionFlag(REPORT, 'leastTokens', '--least-tokens <n>', 'what costs less in a call is left out; default 32'),
  )
  .addOption(
    optionFlag(REPORT, 'prefillRate', '--prefill-rate <n>', 'prompt tokens computed in a second, to tell milliseconds'),
  )
  .addHelpText(
    'after',
    `
A body may stand alone on its line, or in "body", "request" or "params" of an object, which may name its "conversation".
Nothing is run: of --model its tokenizer is asked, and its chat template.

Examples:
  banyan doctor requests.jsonl --model model.gguf --texts
  banyan doctor trace.jsonl --fail-under 90`,
  )
  .action(async (file: string, flags: Pick<EngineFlags, 'model'> & DoctorFlags) => {
    let poor = false;
    const { json, failUnder, texts, leastTokens, prefillRate } = flags;
    await untilStopped(async ({ signal }) => {
      const engine = flags.model === undefined ? undefined : { model: flags.model, signal };
      poor = await doctor(file, { json, failUnder, texts, leastTokens, prefillRate }, { engine, signal });
    });
    if (poor) process.exitCode = 1;
  });

addWatchCommands(program);
addModelsCommands(program);

withEngineFlags(program.command('info').description('what runs here, and what a model is'))
  .argument('[model]', 'a GGUF, as for --model')
  .option('--json', 'print it as JSON', false)
  .action(async (model: string | undefined, flags: EngineFlags & { json: boolean }) =>
    untilStopped(({ signal }) => info({ json: flags.json, engine: { ...engineOptions(flags, model), signal } })),
  );

addCacheCommands(program);

program
  .command('audit')
  .description('logs of what was asked of models and tools')
  .command('verify')
  .description('whether a log is as it was written; names the first entry that is not')
  .argument('<file>', 'the log')
  .option('--head <entry:chain>', 'a head that was kept elsewhere: the log must still hold it')
  .option('--json', 'print the report as JSON', false)
  .addHelpText(
    'after',
    '\nA log that was written with a key needs it in BANYAN_AUDIT_KEY; `banyan serve --audit` takes it from there, too.',
  )
  .action(verify);

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit(0); // the reader has seen enough: `| head`
  process.stderr.write(`stdout: ${message}\n`);
  process.exit(1);
});
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BanyanError)) throw error;
  process.stderr.write(`${error.code}: ${inFlags(error.message, program)}\n`);
  process.exitCode = 1;
}
