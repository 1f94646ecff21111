import { RandomStream } from '../models/gguf/random-stream.js';

const ORDINARY = 450; // below the chat markers of the default vocabulary

/** `length` ordinary tokens, the same for the same key. */
export function randomPrompt(key: string | number, length: number): number[] {
  const random = new RandomStream(`prompt ${key}`);
  return Array.from({ length }, () => random.below(ORDINARY));
}
