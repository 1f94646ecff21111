import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { BUILD, nativeProgram, nativeTables } from './native-program.js';
import type { BenchOptions, Report } from './report.js';

const VOCABULARIES = ['gpt-2', 'llama-bpe', 'qwen2'];

/** What a grammar costs a token, on vocabularies without their models: a C++ program, against llama.cpp's own mask. */
export async function benchGrammar({ runs }: BenchOptions): Promise<Report> {
  const program = nativeProgram('grammar-bench');
  const files = VOCABULARIES.map((name) => `${BUILD}/test-vocabularies/${name}.gguf`);
  const output = execFileSync(program, ['--repeats', String(runs), ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [table] = nativeTables('milliseconds, median / p95; texts: once a model', output);
  if (!table) throw new Error(`grammar-bench printed no table:\n${output}`);
  const rows = table.rows.map(([path, ...rest]) => [basename(String(path), '.gguf'), ...rest]);
  return {
    findings: rows.map(
      ([name, tokens, accepted, fresh, known, stock]) =>
        `${name}, ${tokens} tokens: accepted ${accepted} ms, refused ${fresh} ms (a known place ${known}); llama.cpp's mask ${stock}`,
    ),
    tables: [{ ...table, rows }],
    setup: { answer: 'one object of a schema of four properties, 1 thread', repetitions: runs },
  };
}
