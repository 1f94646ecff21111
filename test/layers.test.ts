import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** Rooms of src by floor, the lowest first. A room imports from itself and from the floors below; rooms of a floor do not know each other. */
const FLOORS = [
  ['native'],
  ['kit'],
  ['schema', 'model', 'trace', 'audit'],
  ['backend'],
  ['chat', 'observe', 'pool'],
  ['embedding'],
  ['engine'],
  ['agent', 'stateless', 'patterns', 'memo', 'models', 'metrics', 'remote', 'inspector'],
  ['server', 'adapters', 'graph', 'runs', 'tiers'],
  ['doctor', 'workers'],
  ['cli'],
];
/** Rooms that may load the addon; all others import types of native/ only. */
const LOADS_NATIVE = ['backend', 'native'];

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?([^'";]*?from\s*)?['"](\.[^'"]+)['"]/g;

/** Imports of a folder's files, type imports among them. Paths are relative to the project. */
function importsOf(folder: string): Import[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .flatMap((name) => {
      const from = join(root, folder, name);
      return [...readFileSync(from, 'utf8').matchAll(IMPORT)].map(([, type, , path = '']) => ({
        from: relative(root, from),
        to: relative(root, resolve(dirname(from), path)).replace(/\.js$/, '.ts'),
        typeOnly: type !== undefined,
      }));
    });
}

const roomOf = (file: string) => (file.startsWith('src/') ? (file.split('/')[1] as string) : '');
const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));
const imports = importsOf('src').filter(({ from }) => from !== 'src/index.ts');

test('a room imports from lower floors only', () => {
  const wrong = imports
    .map(({ from, to }) => ({ from, to, own: roomOf(from), other: roomOf(to) }))
    .filter(({ own, other }) => own !== other && floorOf(other) >= floorOf(own))
    .map(({ from, to }) => `${from} imports ${to}`);
  expect(wrong).toEqual([]);
  expect(new Set(imports.map(({ from }) => roomOf(from)))).toEqual(new Set(FLOORS.flat()));
});

test('no circle of imports, types included', () => {
  const all = ['src', 'testing', 'test', 'bench', 'examples'].flatMap(importsOf);
  const targets = new Map<string, string[]>();
  for (const { from, to } of all) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file) || path.includes(file)) return;
    for (const target of targets.get(file) ?? []) walk(target, [...path, file]);
    done.add(file);
  };
  for (const file of targets.keys()) walk(file, []);
  expect(circles).toEqual([]);
});

test('tests and benches do not know each other; both stand on testing/', () => {
  const wrong = ['testing', 'test', 'bench'].flatMap((folder) =>
    importsOf(folder).filter(({ to }) => /^(test|bench)\//.test(to) && !to.startsWith(`${folder}/`)),
  );
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('only the backend loads the addon', () => {
  const values = imports.filter(({ to, typeOnly }) => to === 'src/native/binding.ts' && !typeOnly);
  expect(values.map(({ from }) => from).filter((from) => !LOADS_NATIVE.includes(roomOf(from)))).toEqual([]);
});

test('a native engine stays behind the door: no room above the backend names its type', () => {
  const above = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !LOADS_NATIVE.includes(roomOf(`src/${name}`)),
  );
  expect(above.filter((name) => /\bNativeEngine\b/.test(readFileSync(join(src, name), 'utf8')))).toEqual([]);
});

test('no room has more than 15 files', () => {
  const rooms = new Map<string, number>();
  for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts')) rooms.set(dirname(name), (rooms.get(dirname(name)) ?? 0) + 1);
  }
  expect([...rooms].filter(([, files]) => files > 15)).toEqual([]);
  expect(rooms.get('engine')).toBeLessThanOrEqual(12);
});
