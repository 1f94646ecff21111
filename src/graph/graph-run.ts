import type { Engine } from '../engine/engine.js';
import type { Session } from '../engine/session.js';
import { onAbort } from '../kit/abort-listeners.js';
import { asBanyanError, BanyanError, isBanyanError } from '../kit/errors.js';
import { EventLog } from '../kit/event-log.js';
import { EventStream } from '../kit/event-stream.js';
import { knownSum } from '../kit/sums/known-sum.js';
import { beginRun, type RunEvent } from '../observe/run-watch.js';
import { ahead } from './ahead.js';
import type { GraphEvent, GraphResult, NodeReport } from './graph-events.js';
import type { AskNode, Node } from './node.js';
import { ReadySteps } from './ready-steps.js';
import { type Board, type Outcome, runNode } from './run-node.js';
import type { GraphRunSetup } from './run-options.js';
import type { Graph, Step } from './step.js';
import { TextLog } from './text-log.js';

/** One run of a plan: one program to the scheduler. Nodes begin as soon as what they need is there. */
export class GraphRun<Outputs> extends EventStream<GraphEvent, GraphResult<Outputs>> {
  readonly result: Promise<GraphResult<Outputs>>;
  readonly #graph: Graph;
  readonly #board: Board;
  readonly #log = new EventLog<GraphEvent>();
  readonly #stop = new AbortController();
  readonly #started = performance.now();
  readonly #values = new Map<Node, unknown>();
  readonly #texts = new Map<Node, TextLog>();
  readonly #sessions = new Map<AskNode, Session>();
  readonly #opened = new Set<Session>();
  readonly #reports: NodeReport[] = [];
  readonly #ready = new ReadySteps();
  readonly #missing = new Map<Step, number>();
  /** Nodes that run; those that count to `atOnce`. */
  #busy = 0;
  #running = 0;
  #failure: { reason: unknown } | undefined;
  /** Tells those who watch runs; undefined: nothing does. */
  readonly #watched: ((event: RunEvent) => void) | undefined;
  #tries = 0;
  #over: () => void = () => {};

  /** Use `plan.run()`. */
  constructor(graph: Graph, engine: Engine, setup: GraphRunSetup) {
    super();
    this.#graph = graph;
    this.#board = {
      ...{ engine, setup, program: engine.program() },
      valueFor: (node) => this.#values.get(graph.standing(node)),
      sessionOf: (node) => this.#sessions.get(graph.standing(node) as AskNode) as Session,
      textOf: (node) => this.#textOf(graph.standing(node)),
      keep: (node, session) => {
        this.#sessions.set(node, session);
        this.#opened.add(session);
      },
      write: (node, text) => {
        if (text === '') return;
        this.#textOf(node).current.append(text);
        this.#log.append({ type: 'text', node: node.name, text });
      },
    };
    const { program } = this.#board;
    this.#watched = beginRun(() => ({
      kind: 'workflow',
      host: engine,
      program: program.id,
      tenant: setup.tenant ?? '',
    }));
    this.result = this.#run().finally(() => this.#log.close());
    this.result.catch(() => {}); // need not be awaited
  }

  /** Ends the run: it rejects with ABORTED when its nodes have ended. */
  cancel(): void {
    if (!this.#log.closed) this.#fail(new BanyanError('ABORTED', 'The run was cancelled'));
  }

  /** The text of a node that stands for itself. */
  #textOf(node: Node): TextLog {
    const log = this.#texts.get(node) ?? new TextLog();
    this.#texts.set(node, log);
    return log;
  }

  protected async *events(): AsyncGenerator<GraphEvent, void, undefined> {
    yield* this.#log.read();
    await this.result;
  }

  async #run(): Promise<GraphResult<Outputs>> {
    await null; // who reads the run has begun to when the first node starts
    const { signal } = this.#board.setup;
    const abort = () => this.#fail(new BanyanError('ABORTED', 'The run was aborted', { cause: signal?.reason }));
    const forget = onAbort(signal, abort);
    if (signal?.aborted) abort();
    const over = new Promise<void>((resolve) => {
      this.#over = resolve;
    });
    for (const step of this.#graph.steps) this.#await(step);
    for (const { node } of this.#graph.steps) this.#tellAhead(node);
    this.#next();
    await over;
    forget();
    this.#stop.abort(new Error('the run has ended')); // what code left behind
    await Promise.all([...this.#opened].map((session) => session.close()));
    const { engine, program } = this.#board;
    if (!engine.closed) program.finished();
    const failed = this.#failure && asBanyanError(this.#failure.reason).code;
    this.#watched?.({ type: 'run-ended', reason: failed ?? 'done', ok: failed === undefined, ms: this.#now() });
    if (this.#failure) throw this.#failure.reason;
    const outputs = Object.entries(this.#graph.outputs).map(([name, { node }]) => [name, this.#values.get(node)]);
    const sum = (key: Exclude<keyof NonNullable<NodeReport['usage']>, 'cachedTokens'>) =>
      this.#reports.reduce((total, { usage, attempts }) => total + (attempts > 0 ? (usage?.[key] ?? 0) : 0), 0);
    return {
      outputs: Object.fromEntries(outputs) as Outputs,
      nodes: this.#reports,
      totalMs: this.#now(),
      usage: {
        promptTokens: sum('promptTokens'),
        cachedTokens: this.#reports.reduce<number | null>(
          (total, { usage, attempts }) => (attempts > 0 && usage ? knownSum(total, usage.cachedTokens) : total),
          0,
        ),
        computedTokens: sum('computedTokens'),
        outputTokens: sum('outputTokens'),
      },
    };
  }

  #await(step: Step): void {
    // A pipe begins with its source: both wait for what the source needs.
    const needs = step.node.kind === 'pipe' ? (step.after[0] as Step).after : step.after;
    this.#missing.set(step, needs.length);
    if (needs.length === 0) this.#due(step);
  }

  #next(): void {
    const { atOnce = Number.POSITIVE_INFINITY } = this.#board.setup;
    while (!this.#failure && this.#running < atOnce) {
      const step = this.#ready.take();
      if (!step) break;
      this.#running++;
      this.#begin(step, () => this.#running--);
    }
    if (this.#busy === 0) this.#over();
  }

  #begin(step: Step, ended: () => void): void {
    this.#busy++;
    void this.#work(step).finally(() => {
      this.#busy--;
      ended();
      this.#next();
    });
  }

  /** A pipe begins at once: it waits for its source, and must not hold the place that the source needs. */
  #due(step: Step): void {
    if (step.node.kind === 'pipe') this.#begin(step, () => {});
    else this.#ready.add(step);
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#stop.abort(reason);
    if (this.#busy === 0) this.#over();
  }

  /** Never rejects. */
  async #work(step: Step): Promise<void> {
    const { node } = step;
    const startMs = this.#now();
    const retries = node.kind === 'input' ? 0 : node.retries;
    for (let attempt = 0; ; attempt++) {
      try {
        this.#log.append({ type: 'started', node: node.name, attempt });
        const { value, usage, known, speculation } = await this.#watchedTry(node, attempt);
        if (this.#failure) return;
        this.#textOf(node).current.end(false);
        const times = { startMs, endMs: this.#now() };
        const report = { name: node.name, kind: node.kind, attempts: known ? 0 : attempt + 1, ...times, usage };
        this.#ended(step, value, { ...report, speculation });
        return;
      } catch (reason) {
        const again = attempt < retries && !this.#failure && mayPass(reason);
        if (!this.#failure) this.#log.append({ type: 'failed', node: node.name, attempt, reason, again });
        if (!again) {
          this.#fail(reason);
          this.#textOf(node).current.end(true);
          return;
        }
        this.#textOf(node).restart();
        await this.#pause(reason);
      }
    }
  }

  /** One try of a node, as those see it who watch runs. */
  async #watchedTry(node: Node, attempt: number): Promise<Outcome> {
    const [step, start] = [this.#tries++, this.#now()];
    this.#watched?.({ type: 'step-began', step, name: node.name });
    let ok = false;
    try {
      const outcome = await runNode(node, this.#board, { signal: this.#stop.signal, attempt });
      ok = true;
      return outcome;
    } finally {
      this.#watched?.({ type: 'step-ended', step, ok, ms: this.#now() - start });
    }
  }

  /** A queue that was full says how long it will be. */
  #pause(reason: unknown): Promise<void> {
    const ms = isBanyanError(reason) ? (reason.retryAfter ?? 0) : 0;
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const forget = onAbort(this.#stop.signal, done);
      function done() {
        clearTimeout(timer);
        forget();
        resolve();
      }
    });
  }

  #ended(step: Step, value: unknown, report: NodeReport): void {
    this.#values.set(step.node, value);
    this.#reports.push(report);
    this.#log.append({ type: 'ended', node: step.node.name, value, report });
    for (const other of step.before) {
      if (other.node.kind !== 'pipe') this.#countDown(other);
      for (const pipe of other.before) if (pipe.node.kind === 'pipe') this.#countDown(pipe);
      this.#tellAhead(other.node);
    }
  }

  #countDown(step: Step): void {
    const missing = (this.#missing.get(step) as number) - 1;
    this.#missing.set(step, missing);
    if (missing === 0) this.#due(step);
  }

  /** What is known of a prompt that still waits can be computed while the engine has nothing else to do. */
  #tellAhead(node: Node): void {
    if (node.kind !== 'ask' || this.#failure) return;
    ahead(node, this.#board).catch(() => {}); // advice: what is wrong with the prompt is told when it is asked
  }

  #now(): number {
    return performance.now() - this.#started;
  }
}

/** False: it fails the same way again. */
function mayPass(reason: unknown): boolean {
  return !(isBanyanError(reason) && ['ABORTED', 'CLOSED', 'INVALID_OPTION', 'PROMPT_TOO_LONG'].includes(reason.code));
}
