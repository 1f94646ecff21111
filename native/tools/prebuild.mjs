// Make prebuilds/<platform>-<arch>/engine.<backend>.node with prebuildify, which calls our CMake build as its node-gyp.
//   node native/tools/prebuild.mjs cpu cuda
// A build for this machine's own CPU (build/Release) stays what it was.
import { chmodSync, copyFileSync, existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import prebuildify from 'prebuildify';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const build = path.join(root, 'native/tools/build.mjs');
const musl = process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
const backends = process.argv.slice(2);
if (backends.length === 0) {
  console.error('usage: node native/tools/prebuild.mjs cpu|cuda ...');
  process.exit(1);
}

process.env.ENGINE_PORTABLE = '1';
chmodSync(build, 0o755); // prebuildify executes it, and moves what it finds in build/Release
const local = path.join(root, 'build/Release/engine.node');
const aside = `${local}.local`;
if (existsSync(local)) copyFileSync(local, aside);
try {
  for (const backend of backends) await prebuild(backend);
} finally {
  if (existsSync(aside)) renameSync(aside, local);
}

async function prebuild(backend) {
  process.env.ENGINE_GPU = backend;
  await promisify(prebuildify)({
    cwd: root,
    napi: true,
    targets: [process.versions.node],
    nodeGyp: process.platform === 'win32' ? `"${process.execPath}" "${build}"` : build,
    name: `engine.${backend}`,
    tagLibc: musl ? 'musl' : undefined,
    strip: true,
  });
}
