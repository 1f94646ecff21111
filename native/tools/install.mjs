// npm's install step: keep a native engine that loads and is not older than its sources, else build one.
//   npm install --build-from-source   always builds       ENGINE_SKIP_BUILD=1   never builds (CI lint jobs, docs)
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const native = fileURLToPath(new URL('..', import.meta.url));
const why = reasonToBuild();
if (why && process.env.ENGINE_SKIP_BUILD) console.warn(`The native engine is not built, though ${why}.`);
else if (why) {
  console.log(`Building the native engine from source: ${why}.`);
  await import('./build.mjs');
}

function reasonToBuild() {
  if (process.env.npm_config_build_from_source === 'true') return '--build-from-source';
  try {
    createRequire(import.meta.url)('../index.cjs').load();
  } catch {
    return 'none loads here';
  }
  const built = timeOf(path.join(native, '../build/Release/engine.node')) ?? Number.POSITIVE_INFINITY; // a prebuilt fits
  return newestSource() > built ? 'its sources are newer (git pull?)' : undefined;
}

/** Sources beyond the tests; the build trees are hidden folders. */
function newestSource() {
  const times = readdirSync(native, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'test')
    .flatMap(({ name }) =>
      readdirSync(path.join(native, name), { recursive: true }).map((file) => path.join(native, name, file)),
    )
    .map((file) => timeOf(file) ?? 0);
  return Math.max(...times);
}

function timeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}
