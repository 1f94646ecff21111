import { readFileSync } from 'node:fs';
import { Engine } from '../../src/index.js';
import { complete } from '../../src/kit/complete-options.js';
import { CACHE } from '../../src/native/load-options.js';
import { BanyanSystem } from '../../testing/drive/banyan-system.js';
import { median, quantile, spread } from '../../testing/statistics.js';
import type { Table } from '../report.js';
import { CACHE_BYTES, inDirectory, type PartOptions, tokensOf } from './directory.js';

const SHOTS = { count: 24, tokens: 512, output: 32, kvTokens: 16_384 };
const WRITTEN = { count: 8, tokens: 512 };

interface Shots {
  wallS: number;
  gapP99Ms: number;
  gapP99CpuMs: number;
  storedPages: number;
}

/** Prompts that share nothing, with and without a disk cache, by turns; and what writing costs when it is asked for. */
export async function nothingShared({ model, runs, threads }: PartOptions) {
  const measured: Record<'off' | 'on', Shots[]> = { off: [], on: [] };
  await shots(await open(model, threads, ''), 0); // the first run of a process is no other's equal
  for (let run = 1; run <= runs; run++)
    for (const how of run % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const))
      await inDirectory(async (dir) => {
        measured[how].push(await shots(await open(model, threads, how === 'on' ? dir : ''), run));
        console.error(`disk cache ${how}, run ${run}: ${measured[how].at(-1)?.wallS.toFixed(2)} s`);
      });
  const of = (how: 'off' | 'on', pick: (shots: Shots) => number) => measured[how].map(pick);
  const ratio = (pick: (shots: Shots) => number) => median(of('on', pick)) / median(of('off', pick));
  const columns = ['disk cache', 'wall s', 'spread %', 'ITL p99 ms', 'by CPU time ms', 'pages written'];
  const rows = (['off', 'on'] as const).map((how) => [
    ...[how, median(of(how, ({ wallS }) => wallS)), spread(of(how, ({ wallS }) => wallS))],
    ...[median(of(how, ({ gapP99Ms }) => gapP99Ms)), median(of(how, ({ gapP99CpuMs }) => gapP99CpuMs))],
    median(of(how, ({ storedPages }) => storedPages)),
  ]);
  const writes = await written({ model, threads });
  const findings = [
    `prompts that share nothing, disk cache on against off: ${ratio(({ wallS }) => wallS).toFixed(3)}x wall (target 1.02x), ` +
      `ITL p99 ${ratio(({ gapP99Ms }) => gapP99Ms).toFixed(3)}x (target 1.05x)`,
    `bytes written a byte of pages: ${writes.amplification.toFixed(3)} (target 1.02); ` +
      `the second run of the same prompts writes ${writes.again} pages (target 0)`,
  ];
  const tables: Table[] = [{ title: `${SHOTS.count} prompts that share nothing`, columns, rows }];
  return { findings, tables };
}

const open = (model: string, threads: number, dir: string) =>
  BanyanSystem.open('banyan', model, {
    ...{ threads, kvTokens: SHOTS.kvTokens, maxRunning: 16 },
    cache: { ...complete(CACHE, {}), dir, bytes: CACHE_BYTES },
  });

/** Closes it. */
async function shots(system: BanyanSystem, run: number): Promise<Shots> {
  const began = performance.now();
  const prompt = (i: number) => [...tokensOf(10_000 * run + i + 1, SHOTS.tokens)];
  const calls = Array.from({ length: SHOTS.count }, (_, i) => system.start(prompt(i), SHOTS.output, 0));
  await Promise.all(calls.map(({ done }) => done));
  const wallS = (performance.now() - began) / 1000;
  const { storedBytes } = (await system.native.stats()).disk;
  const storedPages = storedBytes / system.native.info.pageBytes;
  await system.close();
  const [gaps, cpu] = [calls.flatMap(({ gapsMs }) => gapsMs), calls.flatMap(({ gapsCpuMs }) => gapsCpuMs)];
  return { wallS, gapP99Ms: quantile(gaps, 0.99), gapP99CpuMs: quantile(cpu, 0.99), storedPages };
}

/** Bytes that this process gave to its disks. Linux only; 0 on a file system in memory. */
const writtenBytes = () => Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);

/** What prompts that are to be kept write, and what they write when they are asked again in a new engine. */
function written({ model, threads }: Pick<PartOptions, 'model' | 'threads'>) {
  return inDirectory(async (dir) => {
    const pages: number[] = [];
    let amplification = Number.NaN;
    for (let time = 0; time < 2; time++) {
      const engine = await Engine.load({
        model,
        threads,
        kvTokens: SHOTS.kvTokens,
        cache: { dir, bytes: CACHE_BYTES },
      });
      const before = writtenBytes();
      for (let i = 0; i < WRITTEN.count; i++)
        await engine.generate(tokensOf(i + 1, WRITTEN.tokens), { temperature: 0, durable: true, maxTokens: 1 });
      while ((await engine.stats()).pagesStoring > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      const { stores, storedBytes } = (await engine.stats()).disk;
      await engine.close();
      pages.push(stores);
      if (time === 0) amplification = (writtenBytes() - before) / storedBytes;
    }
    return { amplification, again: pages[1] as number };
  });
}
