import type { Registry } from 'prom-client';
import type { RequestAbout, RequestStep } from '../engine/watch/request-watch.js';
import type { RunAbout, RunEvent } from '../observe/run-watch.js';
import { counts, SECONDS } from './buckets.js';
import { CappedLabel } from './capped-label.js';
import { Families } from './family.js';

/** Steps of one run, beyond which they are no longer told apart. */
const MOST_STEPS = 1_000;

/** A run under way. */
interface Live {
  readonly kind: RunAbout['kind'];
  readonly began: number;
  steps: number;
  /** A token of it has come. */
  begun: boolean;
  queueMs: number;
}

/** Agent runs and workflows: how long they and their steps take, how long they wait, what their tools take. */
export class RunFamilies {
  readonly #now: () => number;
  readonly #tools: CappedLabel;
  readonly #live = new Map<number, Live>();
  readonly #open;
  readonly #runs;
  readonly #time;
  readonly #ttft;
  readonly #queue;
  readonly #steps;
  readonly #stepTime;
  readonly #toolTime;

  /** `tools`: names of tools that are told apart. */
  constructor(registry: Registry, tools: number, now: () => number) {
    this.#now = now;
    this.#tools = new CappedLabel(tools);
    const make = new Families(registry);
    this.#open = make.gauge('banyan_runs', 'Agent runs and workflows under way.', ['program']);
    for (const program of ['agent', 'workflow']) this.#open.set({ program }, 0);
    this.#runs = make.counter('banyan_runs_ended_total', 'Agent runs and workflows that ended, by why.', [
      'program',
      'reason',
    ]);
    this.#time = make.histogram('banyan_run_seconds', 'A whole run.', SECONDS, ['program']);
    this.#ttft = make.histogram('banyan_run_ttft_seconds', 'Begin of a run to its first token.', SECONDS, ['program']);
    this.#queue = make.histogram('banyan_run_queue_seconds', 'What requests of a run waited, in sum.', SECONDS, [
      'program',
    ]);
    this.#steps = make.histogram(
      'banyan_run_steps',
      'Steps of an agent run, nodes of a workflow.',
      counts(MOST_STEPS),
      ['program'],
    );
    this.#stepTime = make.histogram('banyan_run_step_seconds', 'One step with its tools, or one node.', SECONDS, [
      'program',
    ]);
    this.#toolTime = make.histogram('banyan_tool_seconds', 'One call of a tool.', SECONDS, ['tool', 'ok']);
  }

  /** What this program is, if it is a run's that is under way. */
  kindOf(program: number): RunAbout['kind'] | undefined {
    return this.#live.get(program)?.kind;
  }

  began({ kind: program, program: id }: RunAbout): (event: RunEvent) => void {
    const live: Live = { kind: program, began: this.#now(), steps: 0, begun: false, queueMs: 0 };
    this.#live.set(id, live);
    this.#open.inc({ program });
    return (event) => {
      switch (event.type) {
        case 'step-ended':
          live.steps++;
          this.#stepTime.observe({ program }, event.ms / 1_000);
          break;
        case 'tool-ended':
          this.#toolTime.observe({ tool: this.#tools.of(event.tool), ok: String(event.ok) }, event.ms / 1_000);
          break;
        case 'run-ended':
          this.#live.delete(id);
          this.#open.dec({ program });
          this.#runs.inc({ program, reason: event.reason.toLowerCase() });
          this.#time.observe({ program }, event.ms / 1_000);
          this.#queue.observe({ program }, live.queueMs / 1_000);
          this.#steps.observe({ program }, live.steps);
          break;
      }
    };
  }

  /** A request of this program has its first token. */
  firstToken(program: number): void {
    const live = this.#live.get(program);
    if (!live || live.begun) return;
    live.begun = true;
    this.#ttft.observe({ program: live.kind }, (this.#now() - live.began) / 1_000);
  }

  ended({ program }: RequestAbout, { usage }: Extract<RequestStep, { type: 'ended' }>): void {
    const live = this.#live.get(program);
    if (live) live.queueMs += usage.waitedMs;
  }
}
