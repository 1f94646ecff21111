import { callback, number, type OptionsOf, signal } from '../native/option-kinds.js';

/** The table of what a user of a model passes. */
export const USE = {
  /** Signal that ends the wait for the model; a load goes on for the others. */
  signal: signal(),
};

export interface UseOptions extends OptionsOf<typeof USE> {}

/** Where a swap is. */
export interface SwapProgress {
  /** `load`: the new engine is loaded. `drain`: it waits for those who use the old one, as there is no room for both. */
  readonly stage: 'load' | 'drain';
  /** Of `load`: how much of it is done, in [0, 1], as far as the way of loading tells. */
  readonly fraction: number;
  /** Those who use the old engine. */
  readonly users: number;
}

/** The table of what is told of a swap. */
export const SWAP = {
  /** Signal that ends it as long as the old engine serves, which it then goes on to do. */
  signal: signal(),
  /**
   * Milliseconds that those who use the old engine have left, 0 to 2,147,483,647; then it is closed, and what they run rejects with
   * CLOSED. Default: as long as they need.
   */
  drainMs: number({ min: 0, max: 2 ** 31 - 1, whole: true }),
  /** Callback that hears where it is: `stage`, `fraction` and `users`. */
  onProgress: callback<(progress: SwapProgress) => void>(),
};

export interface SwapOptions extends OptionsOf<typeof SWAP> {}
