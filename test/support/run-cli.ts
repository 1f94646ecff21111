import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CliRun {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** `banyan` in a process of its own, whose input stays open until something is said. */
export class Cli {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #output = { stdout: '', stderr: '' };
  readonly #ended: Promise<unknown[]>;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name].setEncoding('utf8').on('data', (text: string) => {
        this.#output[name] += text;
      });
    }
    this.#child.stdin.on('error', () => {}); // it may end without having read everything
    this.#ended = once(this.#child, 'close');
  }

  /** Resolves with what has been said, when it is this much. */
  async until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#output[stream])) {
      const [event] = await Promise.race([once(this.#child[stream], 'data'), this.#ended.then(() => [undefined])]);
      if (event === undefined) throw new Error(`it ended before ${pattern}: ${JSON.stringify(this.#output)}`);
    }
    return this.#output[stream];
  }

  say(text: string): void {
    this.#child.stdin.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the input, and waits for the process. */
  async end(text = ''): Promise<CliRun> {
    this.#child.stdin.end(text);
    const [code, signal] = (await this.#ended) as [number | null, NodeJS.Signals | null];
    return { code, signal, ...this.#output };
  }

  /** Waits for the process; its input stays open. */
  async ended(): Promise<CliRun> {
    const [code, signal] = (await this.#ended) as [number | null, NodeJS.Signals | null];
    return { code, signal, ...this.#output };
  }
}
