import { RandomStream } from '../models/gguf/random-stream.js';

/** Seeded draws from the distributions that published agent traces show. Times in seconds. */
export class Draw {
  readonly #random: RandomStream;

  constructor(key: string) {
    this.#random = new RandomStream(key);
  }

  /** In (0, 1]. */
  unit(): number {
    return (this.#random.below(2 ** 30) + 1) / 2 ** 30;
  }

  below(n: number): number {
    return this.#random.below(n);
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.unit());
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(this.unit())) * Math.cos(2 * Math.PI * this.unit());
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** A length around `middle`: log-normal, at least 1, at most four times as long. */
  length(middle: number): number {
    return Math.min(4 * middle, Math.max(1, Math.round(this.logNormal(middle, 0.4))));
  }

  /** TraceLab, 357k steps: 61% of the tools take less than 1 s, 27% 1-10 s, 8% 10-60 s, 4% longer. */
  tool(): { name: string; seconds: number } {
    const share = this.unit();
    const [name, low, high] =
      share <= 0.61
        ? (['read', 0.05, 1] as const)
        : share <= 0.88
          ? (['shell', 1, 10] as const)
          : share <= 0.96
            ? (['test', 10, 60] as const)
            : (['build', 60, 300] as const);
    return { name, seconds: low * (high / low) ** this.unit() };
  }

  /** Tools of SWE-bench programs: 0.9 s in the mean, with a long tail (standard deviation 3.5 s; Continuum). */
  quickTool(): { name: string; seconds: number } {
    const sigma = Math.sqrt(Math.log(1 + (3.5 / 0.9) ** 2));
    return { name: 'edit', seconds: Math.min(60, this.logNormal(0.9 * Math.exp(-(sigma ** 2) / 2), sigma)) };
  }

  /** People: half answer within 86 s, nine of ten within 21 minutes (MORI); the hours after that are cut off at one. */
  human(): { name: string; seconds: number } {
    return { name: 'human', seconds: Math.min(3600, this.logNormal(86, Math.log(1260 / 86) / 1.2816)) };
  }
}
