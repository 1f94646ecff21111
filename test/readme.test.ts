import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

// What the README says must be so.

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

const PACKAGES = ['zod', 'openai', '@anthropic-ai/sdk', 'ai', '@ai-sdk/openai-compatible'];

/** Runs a program in an empty folder where npm would have installed the package itself, built, and those of its clients. */
function runProgram(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/banyan'));
  for (const name of PACKAGES) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'program.mjs'), program);
  return execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
}

const programs = (text: string) => [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, program]) => program as string);

test('its example runs as written, on the embedded model, and answers well', { timeout: 60_000 }, () => {
  const [first, second, answer = ''] = runProgram(
    programs(readme).find((program) => program.includes('defineTool')) ?? '',
  ).split('\n');
  expect([first, second]).toEqual(['get_weather {"city": "Oslo"}', 'get_weather {"city": "Bergen"}']);
  expect(answer).toBe('It is 7 degrees in Oslo, light rain. It is 11 degrees in Bergen, light rain.');
  expect(readme).toContain(`\`${answer}\``); // what it says of itself
});

test('the programs of the page for newcomers run as written', { timeout: 60_000 }, () => {
  const ours = programs(readFileSync(join(root, 'docs/coming-from.md'), 'utf8')).filter((code) =>
    code.includes("'banyan'"),
  );
  const [fromNodeLlama, fromOllama, asModel, fromAiSdk] = ours.map(runProgram);
  expect(ours).toHaveLength(4);
  expect(fromNodeLlama).toMatch(/^\w.*\n\d+ characters, 0 of \d+ prompt tokens were cached\n$/s);
  expect(fromOllama).toBe('Hello! How can I help?');
  expect(asModel).toBe('Hello! How can I help?\n');
  expect(fromAiSdk).toBe('It is 7 degrees in Oslo, light rain. (2 steps)\n');
});

test('the program of the page about agents and sessions runs as written', { timeout: 60_000 }, () => {
  const [program = '', rest = '', ...others] = programs(
    readFileSync(join(root, 'docs/agents-and-sessions.md'), 'utf8'),
  );
  expect(others).toEqual([]);
  expect(runProgram(program)).toBe('It is 7 degrees in Oslo, light rain.\nIt is 11 degrees in Bergen, light rain.\n');
  expect(runProgram(rest)).toBe('Hello! How can I help?\n');
});

test('the program of the page of results and events runs as written', { timeout: 60_000 }, () => {
  const [program = '', ...others] = programs(readFileSync(join(root, 'docs/results-and-events.md'), 'utf8'));
  expect(others).toEqual([]);
  expect(runProgram(program)).toBe('Hello! How can I help?\nstop, true\n');
});

test('what its pages link to is in the package', { timeout: 60_000 }, () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  const files: string[] = packed.files.map(({ path }: { path: string }) => path);
  const pages = ['README.md', ...files.filter((path) => /^docs\/.*\.md$/.test(path))];
  expect(pages.length).toBeGreaterThan(10);
  const dead = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)]
      .map(([, link]) => relative(root, resolve(root, dirname(page), link as string)))
      .filter((target) => !files.some((path) => path === target || path.startsWith(`${target}/`)))
      .map((target) => `${page}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test('the programs of the page about serving run as written, and its variables', { timeout: 60_000 }, async () => {
  const page = readFileSync(join(root, 'docs/serving.md'), 'utf8');
  const cli = join(root, 'dist/cli/main.js');
  const server = spawn(process.execPath, [cli, 'serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const address = String((await once(server.stdout, 'data'))[0])
    .trim()
    .replace(/\/v1$/, '');
  const here = (text: string) => text.replaceAll('http://127.0.0.1:8080', address);
  const ours = programs(readme).filter((program) => !program.includes('defineTool'));
  expect([programs(page).length, ours.length]).toEqual([3, 3]);
  const answers = [...programs(page), ...ours].map((program) => runProgram(here(program)));
  expect(answers).toEqual(Array(6).fill('Hello! How can I help?\n'));
  const variables = (text: string) => text.match(/export .*$/gm);
  expect(variables(readme)).toEqual(variables(page));

  const urls = [...here(page).matchAll(/export \w+_BASE_URL=(\S+)/g)].map(([, url]) => url as string);
  const paths = ['/v1/messages', '/chat/completions'];
  for (const [index, url] of urls.entries()) {
    const body = JSON.stringify({ model: 'any', max_tokens: 8, messages: [{ role: 'user', content: 'Hello' }] });
    expect((await fetch(`${url}${paths[index]}`, { method: 'POST', body })).status).toBe(200);
  }
  server.kill('SIGTERM');
  expect(await once(server, 'exit')).toEqual([0, null]);
});

test('every measurement that it names has its result', () => {
  const named = [...readme.matchAll(/npm run bench -- ([\w-]+)(?: --part ([\w-]+))?/g)];
  expect(named.length).toBeGreaterThan(5);
  for (const [command, name, part] of named) {
    const file = part === undefined ? `${name}.md` : `${name}-${part}.md`;
    expect(readFileSync(join(root, 'bench/results', file), 'utf8')).toMatch(new RegExp(`${command}[ \`]`));
  }
});

test('every npm script and every link of it exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name as string]);
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    expect(existsSync(join(root, target as string)), target).toBe(true);
  }
});
