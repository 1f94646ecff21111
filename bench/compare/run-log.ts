import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Measurement } from './order.js';

/** What every line of a log must have been measured under. */
export interface Conditions {
  commit: string;
  cpu: string;
  threads: number;
  model: string;
}

export interface Line {
  case: string;
  system: string;
  run: number;
  seconds: number;
  measurement: Measurement;
}

/** Measurements as JSON lines, each written as it ends: a run that was cut goes on where it was. */
export class RunLog {
  readonly lines: Line[];
  readonly #path: string;

  private constructor(path: string, lines: Line[]) {
    this.#path = path;
    this.lines = lines;
  }

  /** A new log, in place of another. */
  static create(path: string, conditions: Conditions): RunLog {
    writeFileSync(path, `${JSON.stringify(conditions)}\n`);
    return new RunLog(path, []);
  }

  /** An earlier one, without its failures and without a torn last line. Throws where it was measured under other conditions. */
  static resume(path: string, conditions: Conditions): RunLog {
    if (!existsSync(path)) return RunLog.create(path, conditions);
    const [head = '{}', ...rest] = readFileSync(path, 'utf8').split('\n');
    const whole = rest.slice(0, -1); // what follows the last line feed is torn, or nothing
    if (head !== JSON.stringify(conditions)) {
      throw new Error(
        `${path} was measured under ${head}, this is ${JSON.stringify(conditions)}: run without --resume`,
      );
    }
    const lines = whole.map((line) => JSON.parse(line) as Line).filter(({ measurement }) => !('error' in measurement));
    writeFileSync(path, [head, ...lines.map((line) => JSON.stringify(line)), ''].join('\n'));
    return new RunLog(path, lines);
  }

  find(name: string, system: string, run: number): Line | undefined {
    return this.lines.find((line) => line.case === name && line.system === system && line.run === run);
  }

  add(line: Line): void {
    this.lines.push(line);
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}
