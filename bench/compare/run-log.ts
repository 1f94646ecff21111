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

  /** What an earlier one says, under whatever conditions: how long runs take. */
  static earlier(path: string): Line[] {
    if (!existsSync(path)) return [];
    const whole = readFileSync(path, 'utf8').split('\n').slice(1, -1); // what follows the last line feed is torn, or nothing
    return whole.map((line) => JSON.parse(line) as Line);
  }

  /** A new log, in place of another. */
  static create(path: string, conditions: Conditions): RunLog {
    writeFileSync(path, `${JSON.stringify(conditions)}\n`);
    return new RunLog(path, []);
  }

  /** An earlier one, without its failures (but what was cut stays) and without a torn last line. Throws where it was measured under other conditions. */
  static resume(path: string, conditions: Conditions): RunLog {
    if (!existsSync(path)) return RunLog.create(path, conditions);
    const [head = '{}'] = readFileSync(path, 'utf8').split('\n', 1);
    if (head !== JSON.stringify(conditions)) {
      throw new Error(
        `${path} was measured under ${head}, this is ${JSON.stringify(conditions)}: run without --resume`,
      );
    }
    const lines = RunLog.earlier(path).filter(({ measurement }) => !('error' in measurement) || measurement.slower);
    writeFileSync(path, [head, ...lines.map((line) => JSON.stringify(line)), ''].join('\n'));
    return new RunLog(path, lines);
  }

  find({ case: name, system, run }: Pick<Line, 'case' | 'system' | 'run'>): Line | undefined {
    return this.lines.find((line) => line.case === name && line.system === system && line.run === run);
  }

  add(line: Line): void {
    this.lines.push(line);
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}
