import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runScript } from '../support/run-script.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url)), 'utf8');

const helpOf = async (...command: string[]) => (await runScript('bench/run.ts', [...command, '--help'])).stdout;

/** Words of what the page has as code. */
const told = new Set([...page.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => (code as string).split(' ')));

test('the page of benchmarks names every command and every part, and the parts of none', async () => {
  const help = await helpOf();
  const commands = [...help.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name]) => name as string);
  expect(commands.length).toBeGreaterThan(20);
  const parts: string[] = [];
  for (const name of ['patterns', 'tiers', 'serving']) {
    const [, list = ''] = (await helpOf(name)).replaceAll(/\s+/g, ' ').match(/some of ((?:[a-z-]+, )+[a-z-]+)/) ?? [];
    parts.push(...list.replace(/, each$/, '').split(', '));
  }
  expect(parts.length).toBeGreaterThan(15);
  expect([...commands, ...parts].filter((name) => !told.has(name))).toEqual([]);
  const rows = [...page.matchAll(/^\| `([a-z-]+)`/gm)].map(([, name]) => name as string);
  expect(rows.filter((name) => ![...commands, ...parts].includes(name))).toEqual([]);
}, 120_000);
