import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const { lacking, advice } = createRequire(import.meta.url)('../../native/index.cjs') as {
  lacking(cpuinfo: string): string[];
  advice(message: string): string;
};

test('a prebuilt is passed over on a CPU that would not understand it', () => {
  const cpu = (flags: string) => `processor\t: 0\nflags\t\t: fpu sse2 ${flags}\nbugs\t\t: none\n`;
  expect(lacking(cpu('avx avx2 bmi1 bmi2 f16c fma avx512f'))).toEqual([]);
  expect(lacking(cpu('avx f16c'))).toEqual(['avx2', 'bmi2', 'fma']);
  expect(lacking('nothing is known here')).toEqual([]);
});

test('a missing system library is named with the package that brings it', () => {
  expect(advice('libgomp.so.1: cannot open shared object file: No such file or directory')).toContain('libgomp1');
  expect(advice('libcublas.so.13: cannot open shared object file: No such file or directory')).toContain(
    'nvidia-cublas',
  );
  expect(advice('invalid ELF header')).toBe('');
});

test('an engine of another version is not loaded, and what to do is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-version-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'engine.cjs');
  writeFileSync(file, "module.exports = { version: '0.0.1' };");
  const load = `require(${JSON.stringify(resolve(import.meta.dirname, '../../native/index.cjs'))}).load()`;
  const env = { ...process.env, ENGINE_BINARY: file };
  const { status, stderr } = spawnSync(process.execPath, ['-e', load], { env, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/is of version 0\.0\.1, this package of \d.*npx banyan-build/);
});
