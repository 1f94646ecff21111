import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface ChildResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Flags of the children: `gc()` to call, and a young generation of fixed size. Each forced collection would else let V8 double it, up to
 * 48 MiB of empty pages, which look like a leak to those who watch the RSS.
 */
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=1'];

/** Runs a TypeScript file in its own Node process with {@link NODE_FLAGS}; kills it at the deadline, which shows as a signal. */
export function runChild(script: URL, args: string[] = [], deadlineMs = 25_000): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, '--import', 'tsx', fileURLToPath(script), ...args], {
      // Under AddressSanitizer freed memory would be kept back, and look like a leak to those who watch the RSS.
      env: { ...process.env, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=4` },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}
