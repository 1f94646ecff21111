// What a build from source needs, checked before minutes are spent: one message that names the packages to install.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const version = (program, ...args) => {
  const run = spawnSync(program, args.length > 0 ? args : ['--version'], { encoding: 'utf8' });
  return run.status === 0 ? (run.stdout.match(/\d+(\.\d+)+/)?.[0] ?? '0') : undefined;
};
const atLeast = (have, want) => have.localeCompare(want, undefined, { numeric: true }) >= 0;

const INSTALL = {
  linux:
    'Debian/Ubuntu: sudo apt-get install git cmake ninja-build g++   Fedora: sudo dnf install git cmake ninja-build gcc-c++',
  darwin: 'xcode-select --install && brew install cmake ninja',
  win32: 'winget install Git.Git Kitware.CMake Microsoft.VisualStudio.2022.BuildTools',
};

/** Problems in words, empty when a build can start. */
export function missingTools(env = process.env) {
  const missing = [];
  if (!version('git')) missing.push('git (llama.cpp comes as a git bundle)');
  const cmake = version('cmake');
  if (!cmake) missing.push('cmake');
  else if (!atLeast(cmake, '3.19')) missing.push(`cmake >= 3.19 (found ${cmake})`);
  if (process.platform !== 'win32') {
    const compilers = [env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
    if (!compilers.some((name) => version(name))) missing.push('a C++17 compiler (g++ or clang++)');
    if (!['ninja', 'ninja-build', 'make'].some((name) => version(name))) missing.push('ninja or make');
  }
  return missing;
}

/** True when the machine can build and run CUDA code: a toolkit's compiler, driver and cuBLAS. */
export function hasCuda(env = process.env) {
  if (!version('nvcc') || !version('nvidia-smi')) return false;
  const folders = [env.CUDA_PATH, env.CUDA_HOME, '/usr/local/cuda', '/usr'].filter(Boolean);
  return folders.some((folder) => existsSync(path.join(folder, 'include/cublas_v2.h')));
}

/** The message for `missing`, with this platform's install command. */
export const explainMissing = (missing) =>
  `Cannot build the native engine: missing ${missing.join(', ')}.\n  ${INSTALL[process.platform] ?? INSTALL.linux}\n` +
  '  Then run: npm run build:native';
