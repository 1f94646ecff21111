import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { BanyanError, messageOf } from '../kit/errors.js';

/** A line of a log, parsed. */
export interface LogLine {
  /** From 1. */
  readonly number: number;
  readonly value: unknown;
}

/** How much of a log was read. */
export interface LogProgress {
  readonly lines: number;
  /** 0 to 1. */
  readonly fraction: number;
}

/** A log that cannot be read as one. `line`: from 1. */
export function invalidTrace(path: string, line: number, problem: string, cause?: unknown): BanyanError {
  return new BanyanError('TRACE_INVALID', `${path}, line ${line}: ${problem}`, { field: `line ${line}`, cause });
}

/** Lines between two reports of progress. */
const OFTEN = 256;

/** The lines of a file of JSON Lines; empty ones are passed over. Throws TRACE_INVALID with the number of a line that is no JSON. */
export async function* logLines(
  path: string,
  onProgress: (progress: LogProgress) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogLine, void, undefined> {
  const size = await sizeOf(path);
  const input = createReadStream(path, 'utf8');
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  failed.catch(() => {}); // raced below
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  let number = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value: text } = await Promise.race([lines.next(), failed]);
      if (done) break;
      number++;
      if (number % OFTEN === 0) onProgress({ lines: number, fraction: Math.min(1, input.bytesRead / size) });
      const line = number === 1 ? text.replace(/^\uFEFF/, '') : text;
      if (line.trim() !== '') yield { number, value: parsed(path, number, line) };
    }
  } catch (cause) {
    if (cause instanceof BanyanError || signal?.aborted) throw cause;
    throw new BanyanError('INVALID_OPTION', `${path} cannot be read: ${messageOf(cause)}`, { field: 'path', cause });
  } finally {
    input.destroy();
  }
  onProgress({ lines: number, fraction: 1 });
}

async function sizeOf(path: string): Promise<number> {
  try {
    const { size } = await stat(path);
    return Math.max(1, size);
  } catch (cause) {
    throw new BanyanError('INVALID_OPTION', `${path} cannot be read: ${messageOf(cause)}`, { field: 'path', cause });
  }
}

function parsed(path: string, number: number, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    const binary = line.includes('\0') ? 'the file is no text' : 'no JSON: the line is cut off, or of another format';
    throw invalidTrace(path, number, binary, cause);
  }
}
