import type { NativeSimWorkload } from '../../src/native/simulation.js';
import { pageKeys } from '../../src/pool/page-keys.js';
import { sum } from '../statistics.js';
import { prompts } from './prompts.js';
import type { Sent } from './router.js';
import { ROUTERS, type RouterName } from './routers.js';
import { SimulatedEngine } from './simulated-engine.js';
import { VirtualClock } from './virtual-clock.js';

export interface RouteSetup {
  engines?: number;
  /** Tokens that each engine keeps. */
  tokensKept?: number;
  /** Seconds: nothing is sent afterwards. */
  until?: number;
}

/** What a router made of a workload. */
export interface Routing {
  /** Calls that were answered. */
  answered: number;
  meanTtftMs: number;
  makespanMs: number;
  /** Prompt tokens that were computed. */
  computed: number;
  /** Of all prompt tokens, those read from caches. */
  hitShare: number;
  /** Requests of the engine with most by those of the one with fewest. */
  maxByMin: number;
}

/** Sends a workload's calls to engines on a virtual clock: each when what it waits for has ended and its tool is done. */
export function routeWorkload(
  { programs, calls }: Pick<NativeSimWorkload, 'programs' | 'calls'>,
  name: RouterName,
  { engines: count = 16, tokensKept = 400_000, until = Number.POSITIVE_INFINITY }: RouteSetup = {},
): Routing {
  const engines = Array.from({ length: count }, () => new SimulatedEngine(tokensKept));
  const router = ROUTERS[name](count);
  const clock = new VirtualClock();
  const promptOf = prompts(calls);
  const waiting = calls.map(({ after, need }) => need || after.length);
  const followers = calls.map((): number[] => []);
  for (const [call, { after }] of calls.entries()) for (const before of after) followers[before]?.push(call);
  const over = new Set<number>(); // ended, or cancelled
  /** Of each program: calls that are not over. */
  const left = programs.map(() => 0);
  for (const { program } of calls) left[program] = (left[program] ?? 0) + 1;
  const underWay = new Map<number, () => void>();
  let [tokens, waited, answered, makespanMs] = [0, 0, 0, 0];

  const submit = (call: number) => {
    const { program, output } = calls[call] as (typeof calls)[number];
    if (over.has(call) || clock.now > until * 1000) return;
    const [prompt, due] = [promptOf(call), clock.now];
    const keys = pageKeys('', prompt);
    const sent: Sent = router.send({ program: program + 1, prompt, keys }, due);
    const engine = engines[sent.engine] as SimulatedEngine;
    const { first, end, cached } = engine.serve(keys, prompt.length, output, due);
    tokens += prompt.length;
    underWay.set(call, () => {
      underWay.delete(call);
      engine.running--;
      sent.ended(cached, clock.now);
    });
    clock.at(first, () => {
      if (over.has(call)) return;
      sent.answered(first);
      waited += first - due;
      answered++;
    });
    clock.at(end, () => {
      if (over.has(call)) return;
      makespanMs = end;
      finish(call);
    });
  };
  const schedule = (call: number) => {
    const { program, delayUs } = calls[call] as (typeof calls)[number];
    clock.at(Math.max(clock.now, (programs[program]?.arrivalUs ?? 0) / 1000) + delayUs / 1000, () => submit(call));
  };
  /** It ended, or is not needed any more. */
  const leave = (call: number) => {
    if (over.has(call)) return;
    over.add(call);
    underWay.get(call)?.();
    const { program } = calls[call] as (typeof calls)[number];
    left[program] = (left[program] ?? 0) - 1;
    if (left[program] === 0) router.finished?.(program + 1);
  };
  const finish = (call: number) => {
    leave(call);
    for (const next of followers[call] ?? []) {
      waiting[next] = (waiting[next] ?? 0) - 1;
      if (waiting[next] !== 0) continue;
      for (const other of calls[next]?.after ?? []) leave(other); // enough have ended: the others are cancelled
      schedule(next);
    }
  };

  for (const [call, before] of waiting.entries()) if (before === 0) schedule(call);
  clock.run();
  const computed = sum(engines.map((engine) => engine.computed));
  const requests = engines.map((engine) => engine.requests);
  return {
    answered,
    meanTtftMs: waited / answered,
    makespanMs,
    computed,
    hitShare: 1 - computed / tokens,
    maxByMin: Math.max(...requests) / Math.min(...requests),
  };
}
