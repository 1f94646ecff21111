/** What a line is written to. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const BAR = 20;
/** Before that a guess would be of the first moments, which tell little. */
const KNOWN_MS = 1_000;

/** A line of a terminal that says how far some work is, and how long the rest is likely to take. It rewrites itself, and is gone at the end. */
export class ProgressLine {
  readonly #output: ProgressOutput;
  readonly #now: () => number;
  #what = '';
  #began = 0;
  #from = 0;
  #shown = '';

  /** `now`: milliseconds. */
  constructor(output: ProgressOutput = process.stderr, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  /** Where there is no terminal nothing is ever shown. */
  get isShown(): boolean {
    return this.#output.isTTY === true;
  }

  /** `what`: the work, in a few words; the time left is of this work, from when it was shown first. `fraction`: done, 0 to 1. `more`: said behind it. */
  show(what: string, fraction: number, more = ''): void {
    if (!this.isShown) return;
    if (what !== this.#what) [this.#what, this.#began, this.#from] = [what, this.#now(), fraction];
    const full = Math.floor(Math.min(1, fraction) * BAR);
    const bar = `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`;
    const said = [`${Math.floor(fraction * 100)}%`, more, this.#left(fraction)].filter((part) => part !== '');
    const text = `${what} ${bar} ${said.join(', ')}`;
    if (text === this.#shown) return;
    this.#output.write(`\r${text.padEnd(this.#shown.length)}`);
    this.#shown = text;
  }

  end(): void {
    if (this.#shown !== '') this.#output.write(`\r${' '.repeat(this.#shown.length)}\r`);
    [this.#shown, this.#what] = ['', ''];
  }

  #left(fraction: number): string {
    const took = this.#now() - this.#began;
    const done = fraction - this.#from;
    if (took < KNOWN_MS || done <= 0 || fraction >= 1) return '';
    const seconds = Math.ceil(((took / done) * (1 - fraction)) / 1_000);
    return seconds < 100 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`;
  }
}
