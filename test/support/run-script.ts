import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ScriptRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a TypeScript file of the repository in a Node process of its own, with the repository as its folder. */
export async function runScript(file: string, ...args: string[]): Promise<ScriptRun> {
  try {
    const ran = await promisify(execFile)(process.execPath, ['--import', 'tsx', file, ...args], {
      cwd: root,
    });
    return { code: 0, ...ran };
  } catch (error) {
    const { code, stdout, stderr } = error as ScriptRun;
    return { code, stdout, stderr };
  }
}
