import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

const { lacking } = createRequire(import.meta.url)('../../native/index.cjs') as { lacking(cpuinfo: string): string[] };

test('a prebuilt is passed over on a CPU that would not understand it', () => {
  const cpu = (flags: string) => `processor\t: 0\nflags\t\t: fpu sse2 ${flags}\nbugs\t\t: none\n`;
  expect(lacking(cpu('avx avx2 bmi1 bmi2 f16c fma avx512f'))).toEqual([]);
  expect(lacking(cpu('avx f16c'))).toEqual(['avx2', 'bmi2', 'fma']);
  expect(lacking('nothing is known here')).toEqual([]);
});
