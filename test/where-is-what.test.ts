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

test('a README of a layer is a page: at most 60 lines', () => {
  const folders = ['src', 'native', 'test', 'testing', 'bench', 'models', 'examples'];
  const readmes = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('README.md') && !/node_modules|\.build/.test(name))
      .map((name) => join(folder, name)),
  );
  const linesOf = (path: string) => readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length;
  expect(readmes.filter((path) => linesOf(path) > 60)).toEqual([]);
});
