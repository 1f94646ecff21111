import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runScript } from './support/run-script.js';

// What the README says must be so.

const root = resolve(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

test('its example runs as written, on the embedded model', { timeout: 60_000 }, async () => {
  const [, example = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'banyan-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'example.mts');
  const local = example
    .replace(/\{ model: 'hf:[^']+' \}/, '{}')
    .replace("'banyan'", `'${join(root, 'src/index.ts')}'`)
    .replace("'zod'", `'${join(root, 'node_modules/zod/index.js')}'`);
  expect(local).not.toMatch(/hf:|'banyan'/);
  writeFileSync(file, local);
  const { code, stdout, stderr } = await runScript(file);
  expect(code, stderr).toBe(0);
  expect(stdout.trim()).not.toBe('');
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
