import { createInterface } from 'node:readline';
import type { EngineOptions } from '../engine/engine-options.js';
import { loadWithProgress } from './load-model.js';

/** Lines of the input that are embedded together. */
const AT_ONCE = 256;

/** `banyan embed`: the vector of each text, or of each line of the input, as a line of JSON. */
export async function embed(
  texts: readonly string[],
  { engine: options, dimensions }: { engine: EngineOptions; dimensions: number | undefined },
): Promise<void> {
  const engine = await loadWithProgress(options);
  const write = async (some: readonly string[]) => {
    const { vectors } = await engine.embed(some, { dimensions, signal: options.signal });
    for (const vector of vectors) process.stdout.write(`${JSON.stringify([...vector])}\n`);
  };
  try {
    if (texts.length > 0) return await write(texts);
    let lines: string[] = [];
    for await (const line of createInterface({ input: process.stdin, signal: options.signal })) {
      if (lines.push(line) < AT_ONCE) continue;
      await write(lines);
      lines = [];
    }
    if (lines.length > 0) await write(lines);
  } finally {
    await engine.close();
  }
}
