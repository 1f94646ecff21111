import { afterAll, beforeAll } from 'vitest';
import { type Serving, serving } from '../../testing/engine/serving.js';

/** The embedded model behind a server, for all tests of a file. `begun` gets it before the first one. */
export function serveModel(begun: (it: Serving) => void): void {
  let it: Serving | undefined;
  beforeAll(async () => {
    it = await serving();
    begun(it);
  });
  afterAll(() => it?.[Symbol.asyncDispose]());
}
