import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

// What the README says must be so.

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Runs a program in an empty folder where npm would have installed the package itself, built, and zod. */
function runProgram(program: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/banyan'));
  symlinkSync(join(root, 'node_modules/zod'), join(folder, 'node_modules/zod'));
  writeFileSync(join(folder, 'program.mjs'), program);
  return execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
}

const programs = (text: string) => [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, program]) => program as string);

test('its example runs as written, on the embedded model, and answers well', { timeout: 60_000 }, () => {
  const [first, second, answer = ''] = runProgram(programs(readme)[0] ?? '').split('\n');
  expect([first, second]).toEqual(['get_weather {"city": "Oslo"}', 'get_weather {"city": "Bergen"}']);
  expect(answer).toBe('It is 7 degrees in Oslo, light rain. It is 11 degrees in Bergen, light rain.');
  expect(readme).toContain(`\`${answer}\``); // what it says of itself
});

test('the programs of the page for newcomers run as written', { timeout: 60_000 }, () => {
  const ours = programs(readFileSync(join(root, 'docs/coming-from.md'), 'utf8')).filter((code) =>
    code.includes("'banyan'"),
  );
  const [fromNodeLlama, fromOllama, fromAiSdk] = ours.map(runProgram);
  expect(ours).toHaveLength(3);
  expect(fromNodeLlama).toMatch(/^\w.*\n\d+ characters, 0 of \d+ prompt tokens were cached\n$/s);
  expect(fromOllama).toBe('Hello! How can I help?');
  expect(fromAiSdk).toBe('It is 7 degrees in Oslo, light rain. (2 steps)\n');
});

test('every measurement that it names has its result', () => {
  const names = [...readme.matchAll(/npm run bench -- (\S+?)[` ]/g)].map(([, name]) => name as string);
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const result = readFileSync(join(root, `bench/results/${name}.md`), 'utf8');
    expect(result).toContain(`npm run bench -- ${name} `);
  }
});

test('every npm script and every link of it exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name as string]);
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    expect(existsSync(join(root, target as string)), target).toBe(true);
  }
});
