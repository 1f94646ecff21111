import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * A process per test file: an engine that crashes takes only its own file with it, and --expose-gc reaches the handles.
 * Two at a time: the machines of CI have two cores, and each engine of the tests uses one thread.
 */
export default defineConfig({
  resolve: { alias: { banyan: fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    env: { BANYAN_CACHE_DIR: '' }, // commands that tests start keep nothing on disk
    pool: 'forks',
    execArgv: ['--expose-gc'],
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 90_000,
    teardownTimeout: 10_000,
  },
});
