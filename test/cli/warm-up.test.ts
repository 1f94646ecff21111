import { expect, test } from 'vitest';
import { showWarmUp } from '../../src/cli/cache/warm-up.js';

interface Look {
  all: number;
  left: number;
  read?: number;
}

/** What is written while an engine tells this, a second apart; the last look is repeated. */
async function shown(looks: readonly Look[], { isTTY = true, closes = Number.POSITIVE_INFINITY } = {}) {
  let [asked, now] = [0, 0];
  const written: string[] = [];
  const engine = {
    get closed() {
      return asked >= closes;
    },
    async stats() {
      const { all, left, read = 0 } = looks[Math.min(asked++, looks.length - 1)] as Look;
      if (asked > 100) throw new Error('it is asked without end');
      return { pagesForetold: all, foretoldLeft: left, pagesPrefetched: read };
    },
  };
  const output = { isTTY, write: (text: string) => written.push(text.replaceAll('\r', '').trimEnd()) };
  const wait = async () => {
    now += 1_000;
  };
  await showWarmUp(engine, new AbortController().signal, { output, now: () => now, wait });
  return { written: written.filter((text) => text !== ''), asked };
}

const READ = [
  { all: 0, left: 0 },
  { all: 400, left: 400 },
  { all: 400, left: 300, read: 90 },
  { all: 400, left: 100, read: 280 },
  { all: 400, left: 0, read: 370 },
];

test('a line says how many pages are read, of how many, and the time left; at the end what there was', async () => {
  expect((await shown(READ)).written).toEqual([
    'Reading the disk cache [....................] 0%, 0 of 400 pages',
    'Reading the disk cache [#####...............] 25%, 100 of 400 pages, 3 s left',
    'Reading the disk cache [###############.....] 75%, 300 of 400 pages, 1 s left',
    '370 pages of the disk cache were read in 4.0 s',
  ]);
});

test('on no terminal one line tells it; of what was there already, and of nothing, none', async () => {
  expect((await shown(READ, { isTTY: false })).written).toEqual(['370 pages of the disk cache were read in 4.0 s']);
  expect((await shown([{ all: 30, left: 0 }])).written).toEqual([]);
  const nothing = await shown([{ all: 0, left: 0 }]);
  expect(nothing.written).toEqual([]);
  expect(nothing.asked).toBeLessThan(50);
});

test('an engine that is closed meanwhile, or fails, ends it', async () => {
  const { written, asked } = await shown(READ.slice(0, 2), { closes: 4 });
  expect([written.length, asked]).toEqual([1, 4]);
  expect((await shown([{ all: 5, left: 5 }])).asked).toBe(101); // the failure of stats() is not thrown
});

test('a signal ends it', async () => {
  const stop = new AbortController();
  const engine = {
    closed: false,
    stats: async () => ({ pagesForetold: 10, foretoldLeft: 10, pagesPrefetched: 0 }),
  };
  const done = showWarmUp(engine, stop.signal);
  stop.abort();
  await done;
});
