import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ScriptRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a TypeScript file of the repository in a Node process of its own, with the repository as its folder. */
export async function runScript(
  file: string,
  args: readonly string[] = [],
  input = '',
  environment: Record<string, string> = {},
): Promise<ScriptRun> {
  const options = { cwd: root, env: { ...process.env, ...environment } };
  try {
    const running = promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args], options);
    running.child.stdin?.end(input);
    return { code: 0, ...(await running) };
  } catch (error) {
    const { code, stdout, stderr } = error as ScriptRun;
    return { code, stdout, stderr };
  }
}
