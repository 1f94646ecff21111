import { open, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// Why a `model` is none, and what to do: for the mistakes that people make with model files.

/** The kind of a file that is no GGUF, by its first bytes; undefined: it is one, or nothing is known. */
export async function foreignFileHint(path: string): Promise<string | undefined> {
  const head = await firstBytes(path);
  if (head === undefined) return undefined;
  const text = head.toString('latin1');
  if (text.startsWith('GGUF')) return undefined;
  return SIGNATURES.find(({ is }) => is(text, head))?.say;
}

const FROM_HUB = 'take a GGUF of that model: hf:user/repo:quant downloads one';

const SIGNATURES: readonly { is: (text: string, head: Buffer) => boolean; say: string }[] = [
  { is: (text) => text === '', say: 'is empty: its download was cut off?' },
  {
    is: (text) => text.startsWith('version https://git-lfs'),
    say: 'is a Git LFS pointer, not the model itself: run `git lfs pull` in its folder',
  },
  {
    is: (text) => /^\s*<(!doctype html|html|head)/i.test(text),
    say: 'is a web page: it was downloaded from the page of the file; on Hugging Face its link has /resolve/, not /blob/',
  },
  {
    is: (text, head) => isSafetensors(text, head),
    say: `is a safetensors file: ${FROM_HUB}, or convert it with llama.cpp's convert_hf_to_gguf.py`,
  },
  {
    is: (text) => text.startsWith('PK\x03\x04'),
    say: `is a ZIP archive (PyTorch's checkpoints are, too): unpack it, or ${FROM_HUB}`,
  },
  { is: (text) => text.startsWith('\x1f\x8b'), say: 'is compressed: run gunzip on it' },
  {
    is: (text) => /^(ggml|ggmf|ggjt|lmgg|fmgg|tjgg)/.test(text),
    say: `is of the format before GGUF: ${FROM_HUB}`,
  },
  { is: (text) => /^\s*[{[]\s*"/.test(text), say: `is JSON, not a model: ${FROM_HUB}` },
  {
    is: (text) => /^[\x20-\x7e\s]+$/.test(text) && text.length < HEAD_BYTES,
    say: 'is a short text, not a model: its download failed?',
  },
];

/** Eight bytes length, then that many of JSON. */
function isSafetensors(text: string, head: Buffer): boolean {
  return head.length > 10 && head.readBigUInt64LE(0) < 2n ** 32n && /^\{\s*"/.test(text.slice(8));
}

const HEAD_BYTES = 512;

async function firstBytes(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // who loads it says why it cannot be read
  }
}

/** What was meant by a `model` that names no file; undefined: nothing is known. */
export async function missingFileHint(model: string): Promise<string | undefined> {
  if (model === '') return '"" names no file: leave `model` out for the small model of the package';
  if (model.startsWith('file:')) return `"file:" URLs are not read: pass the path${pathOf(model)}`;
  if (/^~[/\\]/.test(model)) return `only a shell reads "~": pass ${join(homedir(), model.slice(2))}`;
  const folder = await modelsIn(model);
  if (folder !== undefined) return folder;
  if (await exists(`${model}.gguf`)) return `pass ${model}.gguf`;
  if (/^[\w.-]+\/[\w.-]+(:[\w.-]+)?$/.test(model) && !/\.gguf$/i.test(model) && !model.startsWith('.')) {
    return `a model of Hugging Face is written hf:${model}`;
  }
  if (/^[a-z][\w.-]*(:[\w.-]+)?$/i.test(model) && !/\.\w*[a-z]\w*$/i.test(model)) {
    return "Ollama's names are not known here: pass the path of a GGUF, or hf:user/repo:quant";
  }
  return undefined;
}

function pathOf(url: string): string {
  try {
    return ` ${fileURLToPath(url)}`;
  } catch {
    return ' itself';
  }
}

async function modelsIn(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) return undefined;
  const whole = `${resolve(path)} is a folder`;
  const models = names.filter((name) => /\.gguf$/i.test(name)).sort();
  const first = models.find((name) => !/mmproj/i.test(name));
  if (first !== undefined) return `${whole}: pass the file, ${join(path, first)}${others(models.length - 1)}`;
  if (names.some((name) => name.endsWith('.safetensors'))) return `${whole} of safetensors: ${FROM_HUB}`;
  return `${whole} without a .gguf in it`;
}

const others = (count: number) => (count > 0 ? ` or one of ${count} others` : '');

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile() && basename(path) !== '.gguf',
    () => false,
  );
}
