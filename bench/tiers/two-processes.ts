import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { median, sum } from '../../testing/statistics.js';
import type { Table } from '../report.js';
import { inDirectory, type PartOptions, tokensOf } from './directory.js';
import type { Asked, Told } from './sharer.js';

const PAGE = 32;
const [SHARED, OWN, ADDED] = [256, 512, 64];
/** Conversations of a round: what one process begins, the other goes on with. */
const AT_ONCE = 4;

/** One process of the two. */
class Sharer {
  readonly #child: ChildProcess;

  constructor(options: PartOptions, dir: string) {
    this.#child = fork(new URL('./sharer.ts', import.meta.url), [dir, options.model, `${options.threads}`], {
      execArgv: process.execArgv,
    });
  }

  async ask(asked: Asked): Promise<Told[]> {
    this.#child.send(asked);
    const [told] = (await once(this.#child, 'message')) as [Told[] | { error: string }];
    if ('error' in told) throw new Error(told.error);
    return told;
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}

/**
 * Two processes with one directory: what each computes, the other goes on with. In the middle one of them is killed, and a third one
 * takes its place.
 */
export async function twoProcesses(options: PartOptions) {
  const hits: number[] = [];
  const wanted: number[] = [];
  const ttft: { own: number[]; across: number[] } = { own: [], across: [] };
  let [killed, rounds, wrong] = [false, 0, 0];
  await inDirectory(async (dir) => {
    const [began, until] = [performance.now(), performance.now() + options.minutes * 60_000];
    const both = [new Sharer(options, dir), new Sharer(options, dir)] as [Sharer, Sharer];
    const shared = tokensOf(1, SHARED);
    try {
      for (; performance.now() < until; rounds++) {
        const [first, second] = rounds % 2 === 0 ? both : ([both[1], both[0]] as const);
        const prompts = Array.from({ length: AT_ONCE }, (_, i) => [
          ...shared,
          ...tokensOf(1000 + AT_ONCE * rounds + i, OWN),
        ]);
        const begun = await first.ask({ prompts, store: (AT_ONCE * OWN) / PAGE });
        const longer = prompts.map((prompt, i) => [...prompt, ...tokensOf(500_000 + AT_ONCE * rounds + i, ADDED)]);
        const wentOn = await second.ask({ prompts: longer, known: begun[0]?.known ?? 0 });
        const again = await first.ask({ prompts: longer });
        wentOn.forEach(({ cachedTokens, tokens }, i) => {
          hits.push(cachedTokens);
          wanted.push(Math.floor((prompts[i] as number[]).length / PAGE) * PAGE);
          if (`${tokens}` !== `${again[i]?.tokens}`) wrong++;
        });
        ttft.own.push(...begun.map(({ ttftMs }) => ttftMs));
        ttft.across.push(...wentOn.map(({ ttftMs }) => ttftMs));
        if (killed || performance.now() - began < (until - began) / 2) continue;
        killed = true;
        await both[1].kill('SIGKILL');
        both[1] = new Sharer(options, dir);
        console.error(`killed one after ${rounds + 1} rounds`);
      }
    } finally {
      await Promise.all(both.map((sharer) => sharer.kill('SIGTERM')));
    }
  });
  const share = (100 * sum(hits.map((hit, i) => Math.min(hit, wanted[i] as number)))) / sum(wanted);
  const table: Table = {
    title: 'Two processes, one directory',
    columns: [
      'minutes',
      'conversations',
      'hits across %',
      'begun, TTFT ms',
      'gone on with, TTFT ms',
      'answers that differ',
    ],
    rows: [[options.minutes, hits.length, share, median(ttft.own), median(ttft.across), wrong]],
  };
  const findings = [
    `two processes, one directory, ${options.minutes} minutes, one killed: ${share.toFixed(1)}% of what the other computed was ` +
      `a hit (target 95%); ${wrong} of ${hits.length} answers differ from the other process's`,
  ];
  return { findings, tables: [table] };
}
