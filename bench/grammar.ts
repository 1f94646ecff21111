import { basename } from 'node:path';
import { BUILD, printedTable } from './native-program.js';
import type { BenchOptions, Cell, Report } from './report.js';

const VOCABULARIES = ['gpt-2', 'llama-bpe', 'qwen2'];
/** What a token may cost on the largest of them, in milliseconds at p95. */
const TARGETS = { accepted: 0.15, refused: 3 } as const;

/** What a grammar costs a token, on vocabularies without their models: a C++ program, against llama.cpp's own mask. */
export async function benchGrammar({ runs }: BenchOptions): Promise<Report> {
  const files = VOCABULARIES.map((name) => `${BUILD}/test-vocabularies/${name}.gguf`);
  const title = 'milliseconds, median / p95; texts: once a model';
  const table = printedTable(title, 'grammar-bench', ['--repeats', String(runs), ...files]);
  const rows = table.rows.map(([path, ...rest]) => [basename(String(path), '.gguf'), ...rest]);
  return {
    findings: [
      ...rows.map(
        ([name, tokens, accepted, fresh, known, stock]) =>
          `${name}, ${tokens} tokens: accepted ${accepted} ms, refused ${fresh} ms (a known place ${known}); llama.cpp's mask ${stock}`,
      ),
      ...targetsOf(rows.at(-1) ?? []),
    ],
    tables: [{ ...table, rows }],
    setup: { answer: 'one object of a schema of four properties, 1 thread', repetitions: runs },
  };
}

function targetsOf([name, tokens, accepted, fresh]: Cell[]): string[] {
  return Object.entries({ accepted, refused: fresh }).map(([what, cell]) => {
    const p95 = Number(String(cell).split('/')[1]);
    const target = TARGETS[what as keyof typeof TARGETS];
    const met = p95 < target ? 'met' : 'MISSED';
    return `${met}: a token ${what} on ${name}, ${tokens} tokens: ${p95} ms at p95 (target under ${target} ms)`;
  });
}
