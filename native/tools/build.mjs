#!/usr/bin/env node
// Build the native core: CMake through cmake-js, one build tree per backend, result copied to build/Release/engine.node.
//   node native/tools/build.mjs [--debug] [--test] [--clean] [--cuda] [--cuda-root <folder>] [--cuda-arch <list>]
//   --test                        build the C++ tests too and run them with ctest
//   --cuda                        as ENGINE_GPU=cuda
//   --cuda-root <folder>          a CUDA toolkit, or a Python environment with cuda-requirements.txt (native/cmake/cuda-root.cmake)
//   --cuda-arch <list>            as CMake's CMAKE_CUDA_ARCHITECTURES: 90-real is the H100 alone, a seventh of the time for all
//   ENGINE_GPU=cpu|cuda|auto      backend (auto: cuda when both nvcc and a driver are found)
//   ENGINE_PORTABLE=1             for other machines too: x86-64-v3 baseline instead of this CPU's instructions
//   ENGINE_SANITIZE=address|thread
//   ENGINE_CMAKE_ARGS="-DX=Y ..." more options
// node-gyp's command line (`rebuild --target=... --release`) is accepted too, so prebuildify can call this file as its node-gyp.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import cmakeJs from 'cmake-js';
import { explainMissing, hasCuda, missingTools } from './toolchain.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const flag = (name) => process.argv.includes(name);
/** What follows `name` on the command line, undefined without it. */
function valueAfter(name) {
  if (!flag(name)) return undefined;
  const value = process.argv[process.argv.indexOf(name) + 1];
  if (value && !value.startsWith('--')) return value;
  console.error(`${name} needs a value, see native/tools/build.mjs`);
  process.exit(1);
}

if (flag('--clean')) {
  rmSync(path.join(root, 'native/.build'), { recursive: true, force: true });
  rmSync(path.join(root, 'build'), { recursive: true, force: true });
  process.exit(0);
}

const missing = missingTools();
if (missing.length > 0) {
  console.error(explainMissing(missing));
  process.exit(1);
}

const cudaRoot = valueAfter('--cuda-root');
const cudaArch = valueAfter('--cuda-arch');
const gpu = flag('--cuda') ? 'cuda' : (process.env.ENGINE_GPU ?? 'auto');
if (!['auto', 'cpu', 'cuda'].includes(gpu)) {
  console.error(`ENGINE_GPU must be auto, cpu or cuda, not "${gpu}". (On macOS the cpu build has Metal.)`);
  process.exit(1);
}
const variant = gpu === 'auto' ? (hasCuda() ? 'cuda' : 'cpu') : gpu;
const config = flag('--debug') ? 'Debug' : 'Release';
const portable = process.env.ENGINE_PORTABLE === '1';
const sanitizer = process.env.ENGINE_SANITIZE ?? '';
const name = [variant, config === 'Debug' && 'debug', portable && 'portable', sanitizer].filter(Boolean).join('-');
const tree = path.join(root, 'native/.build', name);

const extra = Object.fromEntries(
  (process.env.ENGINE_CMAKE_ARGS ?? '')
    .split(' ')
    .filter(Boolean)
    .map((arg) => arg.replace(/^-D/, '').split(/=(.*)/s).slice(0, 2)),
);
const build = new cmakeJs.BuildSystem({
  directory: root,
  out: tree,
  config,
  parallel: Number(process.env.CMAKE_BUILD_PARALLEL_LEVEL) || os.availableParallelism(),
  target: flag('--test') ? undefined : 'engine',
  cMakeOptions: {
    ENGINE_CUDA: variant === 'cuda' ? 'ON' : 'OFF',
    ENGINE_TESTS: flag('--test') ? 'ON' : 'OFF',
    ENGINE_SANITIZE: sanitizer,
    ...(portable && { GGML_NATIVE: 'OFF' }),
    ...(cudaRoot && { CUDA_ROOT: path.resolve(cudaRoot) }),
    ...(cudaArch && { CMAKE_CUDA_ARCHITECTURES: cudaArch }),
    ...extra,
  },
});

const takes = variant === 'cuda' ? 'an hour an architecture' : 'about 5 minutes';
console.log(`Building the native engine (${name}) in native/.build: ${takes} on two cores the first time.`);
try {
  await build.configure(); // about a second when nothing changed; picks up edited options
  await build.build(); // never `compile`: on a compile error it deletes the tree and starts over
} catch {
  process.exit(1); // cmake-js has already printed why
}

// A sanitized engine stays in its tree (ENGINE_BINARY names it).
if (!sanitizer) {
  // A process may have the old file mapped: replace it, never write into it.
  const target = path.join(root, 'build', config, 'engine.node');
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(path.join(tree, 'engine.node'), `${target}.new`);
  renameSync(`${target}.new`, target);
  console.log(`built build/${config}/engine.node (${name})`);
}

if (flag('--test')) {
  const { status } = spawnSync('ctest', ['--test-dir', tree, '--output-on-failure'], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
