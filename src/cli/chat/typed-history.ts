import { constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../kit/errors.js';
import { PRIVATE } from '../../kit/private-file.js';

const MOST_LINES = 1_000;
/** 0 where a system has none (Windows). */
const { O_NOFOLLOW = 0, O_APPEND, O_CREAT, O_WRONLY } = constants;

/** Where typed lines are kept, as the XDG folders have it. */
export function historyPath(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'banyan/chat-history');
}

/** Lines that were typed before, in a file that its owner alone reads: the latest 1,000. A file that fails is given up, once told. */
export class TypedHistory {
  /** The latest first, as a terminal wants them. */
  readonly lines: string[] = [];
  readonly #path: string;
  readonly #told: (problem: string) => void;
  #failed = false;

  constructor(path: string, told: (problem: string) => void) {
    this.#path = path;
    this.#told = told;
    this.#try(() => {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const all = readIfThere(path).split('\n').filter(Boolean);
      this.lines.push(...all.slice(-MOST_LINES).reverse());
      if (all.length > 2 * MOST_LINES) this.#write(`${all.slice(-MOST_LINES).join('\n')}\n`, constants.O_TRUNC);
    });
  }

  add(line: string): void {
    if (line.trim() !== '') this.#try(() => this.#write(`${line}\n`, O_APPEND));
  }

  #write(text: string, how: number): void {
    writeFileSync(this.#path, text, { mode: PRIVATE, flag: (O_WRONLY | O_CREAT | O_NOFOLLOW | how) as never });
  }

  #try(work: () => void): void {
    if (this.#failed) return;
    try {
      work();
    } catch (reason) {
      this.#failed = true;
      this.#told(`What you type is not kept: ${messageOf(reason)}`);
    }
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw reason;
  }
}
