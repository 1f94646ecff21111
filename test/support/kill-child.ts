import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Runs a TypeScript file in its own Node process and kills it, as `kill -9` does, when it has written `marker`. Rejects with
 * what it wrote to stderr when it ends before.
 */
export async function killChild(script: URL, args: readonly string[], marker: string): Promise<void> {
  const ended = await killChildAfter(script, args, marker, 1);
  if (ended) throw new Error(`ended before "${marker}"`);
}

/** The same when it has written `marker` so many times; true: it ended well before. */
export function killChildAfter(script: URL, args: readonly string[], marker: string, times: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.split(marker).length > times) child.kill('SIGKILL');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL' || code === 0) resolve(signal !== 'SIGKILL');
      else reject(new Error(`ended with ${code ?? signal} before "${marker}": ${stderr.slice(-2_000)}`));
    });
  });
}
