import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

// The types as a stranger's project sees them: built, and without ours around them.

const root = resolve(import.meta.dirname, '..');

const PROGRAM = `
import { Agent, BanyanError, defineTool, Engine, type GenerationEvent, type RunResult } from 'banyan';
await using engine = await Engine.load({ threads: 1 });
const tool = defineTool({ name: 'now', description: 'The time', input: { type: 'object' }, execute: () => 'noon' });
const run = new Agent({ engine, tools: [tool], limits: { maxSteps: 2 } }).run('What time is it?');
for await (const event of run) if (event.type === 'text') event.text satisfies string;
const { text }: RunResult = await run;
const first: GenerationEvent['type'][] = [];
for await (const { type } of engine.session().generate(text, { signal: new AbortController().signal })) first.push(type);
// @ts-expect-error: a misspelt option
engine.generate('x', { maxToken: 1 });
new BanyanError('CLOSED', 'x').code satisfies string;
`;

test('a program without @types/node compiles, our declarations included', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-consumer-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/banyan'));
  const compilerOptions = {
    ...{ noEmit: true, strict: true, target: 'es2022', lib: ['es2022', 'dom'], module: 'nodenext', types: [] },
    ...{ skipLibCheck: false, preserveSymlinks: true },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.mts'] }));
  writeFileSync(join(folder, 'program.mts'), PROGRAM);
  const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder];
  const output = await promisify(execFile)(process.execPath, tsc).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout as string,
  );
  expect(output).toBe('');
});
