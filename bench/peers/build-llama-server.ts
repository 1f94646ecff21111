import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'native/.build/peers');

/** Path of the llama-server to compare with: LLAMA_SERVER's, or the one that {@link buildLlamaServer} makes. */
export const builtServer = (): string => process.env.LLAMA_SERVER ?? join(folder, 'build/bin/llama-server');

/** Path of the llama-bench beside it. */
export const builtBench = (): string => join(dirname(builtServer()), 'llama-bench');

/**
 * Builds llama-server and llama-bench of the llama.cpp that Banyan is built on, without our patches, with the flags of a
 * build for this machine. Needs git, CMake and a compiler; about 10 minutes on two cores.
 */
export function buildLlamaServer(): string {
  const pin = readFileSync(join(root, 'native/cmake/llama.cmake'), 'utf8');
  const commit = /LLAMA_CPP_COMMIT "([0-9a-f]{40})"/.exec(pin)?.[1];
  if (!commit) throw new Error('native/cmake/llama.cmake names no commit of llama.cpp');
  const source = join(folder, 'llama.cpp');
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: ['ignore', 2, 2] });
  if (!existsSync(source)) {
    run('git', 'clone', '--no-checkout', join(root, 'node_modules/node-llama-cpp/llama/gitRelease.bundle'), source);
  }
  run('git', '-C', source, '-c', 'advice.detachedHead=false', 'checkout', '--detach', commit);
  const options = [
    'LLAMA_OPENSSL=OFF',
    'LLAMA_BUILD_TESTS=OFF',
    'LLAMA_BUILD_EXAMPLES=OFF',
    'CMAKE_BUILD_TYPE=Release',
  ];
  run('cmake', '-S', source, '-B', join(folder, 'build'), ...options.map((option) => `-D${option}`));
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? `${cpus().length}`;
  run('cmake', '--build', join(folder, 'build'), '--target', 'llama-server', 'llama-bench', '-j', jobs);
  return join(folder, 'build/bin/llama-server');
}
