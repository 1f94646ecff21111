import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { median, sum } from '../../testing/statistics.js';
import { fleet } from '../../testing/workloads/fleet.js';
import { CI } from '../../testing/workloads/scale.js';
import type { Table } from '../report.js';
import { inDirectory, type PartOptions, tokensOf } from './directory.js';
import type { Asked, Told } from './sharer.js';

const PAGE = 32;
/** Agents of W2 that run at once in a round, one of each role. */
const AGENTS = 4;

/** What an agent's call adds to what it has, and how many tokens answer it. */
interface Call {
  append: number[];
  output: number;
}

/** The calls of a round's agents: instructions and roles are those of all rounds, the rest is a round's own. */
function agentsOf(round: number): Call[][] {
  const agents: Call[][] = Array.from({ length: AGENTS }, () => []);
  for (const { program, append, output } of fleet(CI, `two-processes/${round}`, { agents: AGENTS }).calls) {
    const calls = agents[program] as Call[];
    const added: number[] = [];
    for (let at = 0; at < append.length; at += 2) {
      const [content = 0, length = 0] = append.slice(at, at + 2);
      const ofAll = calls.length === 0 && at < append.length - 2;
      added.push(...tokensOf(ofAll ? 1 + content : 1_000 * (1 + round) + content, length));
    }
    calls.push({ append: added, output });
  }
  return agents;
}

/** Answers of a model are the same up to rounding: where two first differ, each takes the other's token for as likely, up to this. */
const TIE = 0.1;

/** Logprob that the first differing token lacks in the other answer; 0: they are the same. */
function gapOf(one: Told, other: Told): number {
  const at = one.tokens.findIndex((token, index) => other.tokens[index] !== token);
  if (at === -1) return 0;
  const { logprob, top } = other.chances[at] as Told['chances'][number];
  const [, rival = Number.NEGATIVE_INFINITY] = top.find(([token]) => token === one.tokens[at]) ?? [];
  return logprob - rival;
}

const pagesOf = (tokens: number) => Math.floor(tokens / PAGE);

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
 * Two processes with one directory and agents of W2, whose calls the two answer by turns: what each computes, the other goes on with.
 * In the middle one of them is killed, and a third one takes its place.
 */
export async function twoProcesses(options: PartOptions) {
  const hits: number[] = [];
  const wanted: number[] = [];
  const ttft: { own: number[]; across: number[] } = { own: [], across: [] };
  const gaps: number[] = [];
  let [killed, rounds] = [false, 0];
  await inDirectory(async (dir) => {
    const [began, until] = [performance.now(), performance.now() + options.minutes * 60_000];
    const both = [new Sharer(options, dir), new Sharer(options, dir)] as [Sharer, Sharer];
    try {
      for (; performance.now() < until; rounds++) {
        const agents = agentsOf(rounds);
        let prompts: number[][] = agents.map(() => []);
        let lengths: number[] = agents.map(() => 0); // that the process which answers has computed itself
        let known = 0;
        let last: Told[] = [];
        const calls = (agents[0] as Call[]).length;
        for (let call = 0; call < calls; call++) {
          const before = prompts.map((prompt) => prompt.length);
          const asked = agents.map((one) => one[call] as Call);
          prompts = prompts.map((prompt, i) => [...prompt, ...(asked[i] as Call).append]);
          const store =
            call === 0 ? 0 : sum(prompts.map(({ length }, i) => pagesOf(length) - pagesOf(before[i] as number)));
          last = await both[(rounds + call) % 2 === 0 ? 0 : 1].ask({
            prompts,
            outputs: asked.map(({ output }) => output),
            chances: call === calls - 1,
            store,
            known,
          });
          known = last[0]?.known ?? 0;
          last.forEach(({ cachedTokens, ttftMs }, i) => {
            ttft[call === 0 ? 'own' : 'across'].push(ttftMs);
            const [own, there] = [PAGE * pagesOf(lengths[i] as number), PAGE * pagesOf(before[i] as number)];
            if (call === 0 || there <= own) return;
            hits.push(Math.max(0, Math.min(cachedTokens, there) - own));
            wanted.push(there - own);
          });
          lengths = before;
          if (call < calls - 1) prompts = prompts.map((prompt, i) => [...prompt, ...(last[i] as Told).tokens]);
        }
        const outputs = agents.map((one) => (one.at(-1) as Call).output);
        const again = await both[(rounds + calls) % 2 === 0 ? 0 : 1].ask({ prompts, outputs, known, chances: true });
        gaps.push(...last.map((one, i) => gapOf(one, again[i] as Told)));
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
  const share = (100 * sum(hits)) / sum(wanted);
  const table: Table = {
    title: 'Two processes, one directory',
    columns: [
      'minutes',
      'agents of 11 calls',
      'hits across %',
      'begun, TTFT ms',
      'gone on with, TTFT ms',
      'last answers',
      'that differ',
      'by at most, nat',
    ],
    rows: [
      [
        options.minutes,
        rounds * AGENTS,
        share,
        median(ttft.own),
        median(ttft.across),
        gaps.length,
        gaps.filter((gap) => gap > 0).length,
        Math.max(0, ...gaps),
      ],
    ],
  };
  const findings = [
    `two processes, one directory, ${options.minutes} minutes of W2, one killed: ${share.toFixed(1)}% of what the other computed was ` +
      `a hit (target 95%); of ${gaps.length} last answers ${gaps.filter((gap) => gap > 0).length} differ from the other process's, ` +
      `${gaps.filter((gap) => gap > TIE).length} of them by more than a tie`,
  ];
  return { findings, tables: [table] };
}
