import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'native/patches');
const names = readdirSync(folder).filter((name) => name.endsWith('.patch'));
const texts = new Map(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
const pin = /LLAMA_CPP_TAG "(.+)"/.exec(readFileSync(path.join(root, 'native/cmake/llama.cmake'), 'utf8'))?.[1];
const source = path.join(root, `native/.build/llama.cpp-${pin}`);
const scratch = mkdtempSync(path.join(tmpdir(), 'banyan-patches-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const original = (file: string) => {
  const options = { cwd: source, encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  return execFileSync('git', ['show', `HEAD:${file}`], options);
};

/** The files that the patches change, not those that they make. */
const changed = [
  ...new Set([...texts.values()].flatMap((text) => [...text.matchAll(/^--- a\/(.+)$/gm)].map(([, file = '']) => file))),
].filter((file) => ![...texts.values()].some((text) => text.includes(`--- /dev/null\n+++ b/${file}\n`)));

/** A folder with the pinned files, each passed through `edit`, and the patches applied in order. */
function applied(name: string, edit: (text: string, file: string) => string): string {
  const tree = path.join(scratch, name);
  for (const file of changed) {
    mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
    writeFileSync(path.join(tree, file), edit(original(file), file));
  }
  execFileSync('git', ['init', '--quiet', tree]);
  for (const patch of names) {
    execFileSync('git', ['apply', '--whitespace=nowarn', path.join(folder, patch)], { cwd: tree, stdio: 'pipe' });
  }
  return tree;
}

test.each(names)('%s says what it is, and has context around every change', (name) => {
  const text = texts.get(name) as string;
  expect(name).toMatch(/^\d{4}-(door|fix)-[a-z0-9-]+\.patch$/);
  expect(text).toMatch(/^Subject: (door|fix)-[a-z0-9-]+\n\n\S/m);
  if (name.includes('-fix-')) expect(text).toMatch(/^Upstream: /m);
  const bare = text
    .split(/^(?=@@ )/m)
    .slice(1)
    .filter((hunk) => !hunk.startsWith('@@ -0,0') && !/^ /m.test(hunk));
  expect(bare).toEqual([]);
});

/** Four more lines at the top; behind the first lines where a patch changes those: git insists that they are the first. */
function shifted(text: string, file: string): string {
  const first = [...texts.values()].some((patch) => patch.includes(`+++ b/${file}\n@@ -1,`));
  const lines = text.split('\n');
  lines.splice(first ? 12 : 0, 0, '//', '//', '//', '//');
  return lines.join('\n');
}

test('on a source whose lines have moved, every patch lands in the same place', () => {
  const straight = applied('straight', (text) => text);
  const moved = applied('moved', shifted);
  const withoutShift = (text: string) => text.replace('//\n//\n//\n//\n', '');
  const wrong = changed.filter((file) => {
    const [expected, found] = [straight, moved].map((tree) => readFileSync(path.join(tree, file), 'utf8'));
    return withoutShift(found as string) !== expected || found === expected;
  });
  expect(wrong).toEqual([]);
  expect(changed.length).toBeGreaterThan(20);
});

test('on a source that has become another one, applying fails', () => {
  const [, file = ''] = /^--- a\/(.+)$/m.exec(texts.get(names[0] as string) as string) ?? [];
  const context = /^@@ .*\n (.+)$/m.exec(texts.get(names[0] as string) as string)?.[1] ?? '';
  expect(context).not.toBe('');
  expect(() => applied('other', (text, at) => (at === file ? text.replaceAll(context, 'int other;') : text))).toThrow();
});
