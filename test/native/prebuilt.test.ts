import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

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
  expect(advice('invalid ELF header')).toBe('');
});
