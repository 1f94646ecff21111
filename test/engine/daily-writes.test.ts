import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Engine } from '../../src/index.js';

/*
 * What may be written to a directory in a day is for all engines that share it, and for those that come after them. The clock,
 * damage and power cuts are driven in native/test/store; here real engines write real files.
 */

const PAGES = 24;
const MOST_ENGINES = 3;
const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('ask'), at: fc.nat(), pages: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('open', 'close'), at: fc.nat(), pages: fc.constant(0) }) },
);

test('engines that open, write and close in any order write what the day allows, and not a page more', async () => {
  let prompts = 0;
  const ask = async (engine: Engine, pages: number) => {
    prompts += 1;
    const tokens = Int32Array.from({ length: pages * 32 + 1 }, (_, i) => 10 + ((prompts * 7919 + i * 104_729) % 1500));
    await engine.generate(tokens, { temperature: 0, maxTokens: 1, durable: true });
    while ((await engine.stats()).pagesStoring > 0) await setTimeout(5);
  };
  const probe = await Engine.load({ kvTokens: 1024 });
  const dailyWriteBytes = PAGES * Math.ceil(probe.info.pageBytes / 4096) * 4096;
  await probe.close();
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 4, maxLength: 10 }), async (commands) => {
      const dir = await mkdtemp(join(tmpdir(), 'banyan-kv-'));
      const load = () => Engine.load({ kvTokens: 1024, cache: { dir, dailyWriteBytes } });
      const engines = [await load()];
      for (const { kind, at, pages } of commands) {
        const engine = engines[at % engines.length];
        if (kind === 'open' && engines.length < MOST_ENGINES) engines.push(await load());
        else if (kind === 'ask') await ask(engine ?? (engines[engines.push(await load()) - 1] as Engine), pages);
        else if (engine) await engines.splice(at % engines.length, 1)[0]?.close();
      }
      await Promise.all(engines.map((engine) => engine.close()));
      const last = await load();
      const kept = async () => (await last.stats()).disk.pages;
      for (let again = 0; again < PAGES + 4 || (await kept()) < PAGES; again++) {
        if (again === 200) throw new Error(`${await kept()} pages were written`);
        await ask(last, 1);
      }
      expect(await kept()).toBe(PAGES);
      await last.close();
      await rm(dir, { recursive: true, force: true });
    }),
    { numRuns: 6 },
  );
});
