// Public conformance suites against `banyan serve`. They are installed into a cache folder, from PyPI and npm, and run as their
// authors wrote them; none is part of this repository. Needs python3 with venv, and the registries.
//   npm run build:ts && node test/conformance/run.mjs [model.gguf] [--cache <folder>]
// Prints one line a case and a table of scores. Fails when a case fails that REFUSED does not have, or one of REFUSED passes.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const LLM_COMPLY = '0.5.0';
const COMPATCANARY = '0.2.2';

/** Cases that Banyan fails on purpose, by suite and case, and why. */
const REFUSED = {
  'image-input': 'a model of texts refuses images with 400',
  'chat-image-input': 'a model of texts refuses images with 400',
  'anth-image-input': 'a model of texts refuses images with 400',
  'error-handling': 'a request that names no model is one to the model that is served',
  'chat-error-handling': 'a request that names no model is one to the model that is served',
};

/** The answer reached the case's own limit of tokens: a talkative model's doing, said and not held against the server. */
const TOO_LONG = /^(finish|stop)_reason: expected '(stop|end_turn)', got '(length|max_tokens)'$/;

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { cache: { type: 'string' } } });
const cache = resolve(values.cache ?? join(homedir(), '.cache/banyan-conformance'));
const run = promisify(execFile);

/** The output of a program that says by its exit code, too, what it found. */
async function outputOf(command, args) {
  return run(command, args, { maxBuffer: 64 * 2 ** 20 }).then(
    ({ stdout }) => stdout,
    (failure) => {
      if (typeof failure.code === 'number') return failure.stdout;
      throw failure;
    },
  );
}

async function install() {
  mkdirSync(cache, { recursive: true });
  const python = join(cache, 'venv/bin/python');
  if (!existsSync(python)) await run('python3', ['-m', 'venv', join(cache, 'venv')]);
  await run(python, ['-m', 'pip', 'install', '--quiet', `llm-comply==${LLM_COMPLY}`]);
  writeFileSync(join(cache, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--silent', '--no-audit', '--no-fund', `compatcanary@${COMPATCANARY}`], { cwd: cache });
}

async function serve(model) {
  const args = [
    join(root, 'dist/cli/main.js'),
    'serve',
    '--port',
    '0',
    '--model-name',
    'banyan',
    '--default-temperature', // the same scores each time
    '0',
    ...(model ? [model] : []),
  ];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(server.stdout, 'data');
  return { server, url: String(line).trim() };
}

/** llm-comply's three formats; each case as { id, name, ok, why }. */
async function llmComply(url, format) {
  const args = ['-u', url, '-k', 'none', '-m', 'banyan', '--format', format, '--timeout', '300', '--json'];
  const { results } = JSON.parse(await outputOf(join(cache, 'venv/bin/llm-comply'), args));
  return results
    .filter(({ status }) => status !== 'skipped')
    .map(({ id, name, status, errors = [] }) => ({ id, name, ok: status === 'passed', why: errors.join('; ') }));
}

async function compatCanary(url) {
  const cli = join(cache, 'node_modules/compatcanary/src/cli.js');
  const args = [cli, 'scan', '--base-url', url, '--model', 'banyan', '--timeout', '300', '--format', 'json'];
  const { checks, results = checks } = JSON.parse(await outputOf(process.execPath, args));
  return results.map((one) => ({
    id: one.id,
    name: one.name ?? one.title,
    ok: one.status === 'pass',
    why: one.message ?? one.summary,
  }));
}

const started = new Date().toISOString().slice(0, 10);
await install();
const { server, url } = await serve(positionals[0]);
const suites = {
  [`llm-comply ${LLM_COMPLY}, Open Responses`]: () => llmComply(url, 'open-responses'),
  [`llm-comply ${LLM_COMPLY}, OpenAI chat`]: () => llmComply(url, 'openai-chat'),
  [`llm-comply ${LLM_COMPLY}, Anthropic`]: () => llmComply(url, 'anthropic'),
  [`compatcanary ${COMPATCANARY}`]: () => compatCanary(url),
};
const rows = [];
let unexpected = 0;
try {
  for (const [suite, cases] of Object.entries(suites)) {
    const results = await cases();
    for (const { id, name, ok, why } of results) {
      const refused = REFUSED[id];
      const long = TOO_LONG.test(why);
      if (ok === (refused !== undefined) && !long) unexpected++;
      const failed = long ? `too long an answer: ${why}` : `FAILED: ${why}`;
      const verdict = ok ? 'passed' : refused === undefined ? failed : `refused: ${refused}`;
      console.log(`${suite}: ${name}: ${verdict}`);
    }
    const passed = results.filter(({ ok }) => ok).length;
    const refused = results.filter(({ id, ok }) => !ok && REFUSED[id] !== undefined).length;
    rows.push(`| ${suite} | ${passed} of ${results.length} | ${refused} |`);
  }
} finally {
  server.kill('SIGTERM');
}
console.log(
  `\n${started}, ${positionals[0] ?? 'the embedded model'}\n\n| suite | passed | refused on purpose |\n| --- | --- | --- |`,
);
console.log(rows.join('\n'));
process.exitCode = unexpected === 0 ? 0 : 1;
