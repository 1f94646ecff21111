import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** Each layer may import from itself and from the layers before it. */
const LAYERS = ['native', 'engine', 'agent', 'cli'];
const root = resolve(import.meta.dirname, '../src');

function imports(file: string): string[] {
  const source = readFileSync(file, 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, path = '']) =>
    resolve(dirname(file), path),
  );
}

const layerOf = (file: string) => LAYERS.indexOf(relative(root, file).split('/')[0] ?? '');

const files = LAYERS.flatMap((layer) =>
  readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, layer, name)),
);

test('knowledge points one way: native <- engine <- agent <- cli', () => {
  const wrong = files.flatMap((file) =>
    imports(file)
      .filter((target) => layerOf(target) > layerOf(file) || layerOf(target) < 0)
      .map((target) => `${relative(root, file)} imports ${relative(root, target)}`),
  );
  expect(wrong).toEqual([]);
  expect(files.length).toBeGreaterThan(30);
});

test('only the package entry imports several layers from outside of them', () => {
  const layers = new Set(imports(join(root, 'index.ts')).map(layerOf));
  expect([...layers].sort()).toEqual([0, 1, 2]);
});
