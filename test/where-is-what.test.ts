import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/where-is-what.md'), 'utf8');
const paths = [...page.matchAll(/`([\w.-]+(?:\/[\w.-]+)+)`/g)].map(([, path]) => path as string);

test('every path of docs/where-is-what.md is there', () => {
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every room of src is in it', () => {
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const missing = rooms.filter(({ name }) => !paths.some((path) => path.startsWith(`src/${name}/`)));
  expect(missing.map(({ name }) => name)).toEqual([]);
});
