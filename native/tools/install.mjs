// npm's install step: keep a native engine that loads, else build one from source.
//   npm install --build-from-source   always builds       ENGINE_SKIP_BUILD=1   never builds (CI lint jobs, docs)
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const forced = process.env.npm_config_build_from_source === 'true';
try {
  if (forced) throw new Error('--build-from-source');
  require('../index.cjs').load();
} catch (error) {
  if (process.env.ENGINE_SKIP_BUILD) console.warn(`no native engine: ${error.message}`);
  else {
    console.log('No native engine loads here: building one from source.');
    await import('./build.mjs');
  }
}
