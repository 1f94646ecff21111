'use strict';
// Finds and loads the native addon: a local build first, then a prebuilt, GPU before CPU.
//   ENGINE_BINARY=<path>   load exactly this file       ENGINE_GPU=cpu|cuda   consider only this backend
const fs = require('node:fs');
const path = require('node:path');
const { version } = require('../package.json');

const root = path.join(__dirname, '..');
const platform = `${process.platform}-${process.arch}`;
const libc = process.platform !== 'linux' || process.report.getReport().header.glibcVersionRuntime ? '' : '.musl';

/** What an x86-64-v3 prebuilt needs and this CPU lacks, by Linux's names: its first such instruction would end the process. */
function lacking(cpuinfo) {
  const flags = new Set(
    cpuinfo
      .match(/^flags\s*:(.*)$/m)?.[1]
      .trim()
      .split(' '),
  );
  return flags.size === 0 ? [] : ['avx2', 'bmi2', 'f16c', 'fma'].filter((flag) => !flags.has(flag));
}

function cpuinfo() {
  try {
    return fs.readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return ''; // no /proc in this sandbox: nothing is known
  }
}

const lacks = process.platform === 'linux' && process.arch === 'x64' ? lacking(cpuinfo()) : [];

/** What to install where a system library is missing, '' after other failures. */
function advice(message) {
  if (message.includes('libgomp.so')) {
    return ' (apt-get install libgomp1, dnf install libgomp or apk add libgomp brings it)';
  }
  if (!CUDA_LIBRARY.test(message)) return '';
  return " (of CUDA 13's runtime, or pip install nvidia-cublas nvidia-cuda-runtime; LD_LIBRARY_PATH names its folder)";
}

const CUDA_LIBRARY = /libcu(dart|blas|blasLt)\.so/;

function candidates() {
  if (process.env.ENGINE_BINARY) return [path.resolve(process.env.ENGINE_BINARY)];
  const gpu = process.env.ENGINE_GPU;
  const backends = gpu && gpu !== 'auto' ? [gpu] : ['cuda', 'cpu'];
  const prebuilds = path.join(root, 'prebuilds', platform);
  return [
    path.join(root, 'build/Release/engine.node'),
    path.join(root, 'build/Debug/engine.node'),
    ...backends.map((backend) => path.join(prebuilds, `engine.${backend}${libc}.node`)),
  ];
}

// OpenMP's threads spin for milliseconds at every barrier unless told otherwise. Beside other work (Node's own thread,
// say) that costs ten times what it saves: they sleep after some microseconds instead. Read when libgomp loads.
process.env.GOMP_SPINCOUNT ??= '1000';

/** The addon's exports. Throws an Error of one line that says what was tried and how to build. */
function load() {
  const tried = [];
  const withGpu = []; // of tried
  for (const file of candidates()) {
    if (!fs.existsSync(file)) {
      if (process.env.ENGINE_BINARY) tried.push(`${file} of ENGINE_BINARY is not there`);
      continue;
    }
    if (lacks.length > 0 && file.includes(`${path.sep}prebuilds${path.sep}`)) {
      tried.push(`${file}: needs a CPU with ${lacks.join(', ')}`);
      continue;
    }
    try {
      const addon = require(file);
      if (addon.version === version) return { ...addon, cpuReason: addon.cpuReason || withGpu.join('; ') };
      tried.push(`${file}: is of version ${addon.version}, this package of ${version}`);
    } catch (error) {
      tried.push(`${file}: ${error.message.split('\n')[0]}${advice(error.message)}`);
      if (file.includes('engine.cuda') || CUDA_LIBRARY.test(error.message)) withGpu.push(tried.at(-1));
    }
  }
  const why = tried.length > 0 ? tried.join('; ') : `this package has none prebuilt for ${platform}`;
  const error = new Error(
    `No native engine on ${platform}: ${why}. Build one, which takes minutes: npx banyan-build ` +
      '(needs git, cmake >= 3.19 and a C++17 compiler)',
  );
  error.code = 'NO_NATIVE_ENGINE';
  throw error;
}

module.exports = { load, lacking, advice };
