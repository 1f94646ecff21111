import { RandomStream } from '../models/gguf/random-stream.js';

const VOCABULARY = 2048;

/** `length` ordinary tokens, the same for the same key. */
export function tokens(key: string, length: number): number[] {
  const words = new Uint32Array(length);
  new RandomStream(key).fill(words);
  return Array.from(words, (word) => Math.floor((word / 2 ** 32) * VOCABULARY));
}

/**
 * Contents of a workload as tokens: the same number gives the same tokens, a longer run begins with the shorter one, and
 * two numbers differ in their first token, so that what is shared is exactly what the plan says. `salt`: other tokens.
 */
export function contents(salt = ''): (content: number, length: number) => number[] {
  const drawn = new Map<number, number[]>();
  return (content, length) => {
    let run = drawn.get(content) ?? [];
    if (run.length < length) {
      run = tokens(`${salt}content ${content}`, length);
      run[0] = content % VOCABULARY;
      drawn.set(content, run);
    }
    return run.slice(0, length);
  };
}
