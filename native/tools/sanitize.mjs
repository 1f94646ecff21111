// Build everything, llama.cpp included, under a sanitizer and run the tests with it.
//   node native/tools/sanitize.mjs address    C++ tests and the vitest suite (AddressSanitizer + UndefinedBehaviorSanitizer)
//   node native/tools/sanitize.mjs thread     C++ tests (Node itself is not built for ThreadSanitizer)
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const sanitizer = process.argv[2];
if (sanitizer !== 'address' && sanitizer !== 'thread') {
  console.error('usage: node native/tools/sanitize.mjs address|thread');
  process.exit(1);
}
const tree = path.join(root, 'native/.build', `cpu-${sanitizer}`);
const suppressions = path.join(root, 'native/test', `${sanitizer}.supp`);

function run(command, args, env = {}) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

const options = {
  ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
  LSAN_OPTIONS: `suppressions=${suppressions}`,
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  TSAN_OPTIONS: `suppressions=${suppressions}:halt_on_error=1`,
};

run(process.execPath, ['native/tools/build.mjs', '--test'], {
  ...options,
  ENGINE_GPU: 'cpu',
  ENGINE_SANITIZE: sanitizer,
});

if (sanitizer === 'address') {
  const runtime = spawnSync(process.env.CXX ?? 'g++', ['-print-file-name=libasan.so'], {
    encoding: 'utf8',
  }).stdout.trim();
  // Node frees little at exit on purpose, so leaks are looked for in the C++ tests and by the leak test, not here. That
  // one reads the process's memory: what AddressSanitizer keeps of freed blocks must fit its tolerance.
  run('npx', ['vitest', 'run'], {
    ...options,
    ASAN_OPTIONS: 'detect_leaks=0:quarantine_size_mb=16',
    LD_PRELOAD: runtime,
    ENGINE_BINARY: path.join(tree, 'engine.node'),
  });
}
