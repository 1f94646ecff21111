import { Registry } from 'prom-client';
import type { Engine } from '../engine/engine.js';
import type { RequestAbout, RequestStep } from '../engine/watch/request-watch.js';
import { complete } from '../kit/complete-options.js';
import { readTable } from '../kit/option-table.js';
import { name, number, type OptionsOf } from '../native/option-kinds.js';
import type { NativeStats } from '../native/reports/stats.js';
import { watchRuns } from '../observe/run-watch.js';
import { CappedLabel } from './capped-label.js';
import type { Tally } from './counted-histogram.js';
import { EngineFamilies } from './engine-families.js';
import { type ProgramKind, RequestFamilies } from './request-families.js';
import { RunFamilies } from './run-families.js';
import { VllmFamilies } from './vllm-families.js';

const SOME = { min: 0, max: 10_000, whole: true };

/** The table of MetricsOptions. */
export const METRICS = {
  /** Value of the label `model_name`. Default: the name in the model file, else its architecture. */
  modelName: name(),
  /** Tenants that are told apart, 0 to 10,000; those that come later are `other`. Default 50. */
  tenants: number(SOME, 50),
  /** Names of tools that are told apart, 0 to 10,000; those that come later are `other`. Default 100. */
  tools: number(SOME, 100),
};

export interface MetricsOptions extends OptionsOf<typeof METRICS> {}

/** An engine in numbers, for Prometheus. */
export interface Metrics {
  /** Where more families can be registered, which `text` then shows. */
  readonly registry: Registry;
  /** Of the HTTP response. */
  readonly contentType: string;
  /** All families in Prometheus' text format; of an engine that was closed, as they were read last. */
  text(): Promise<string>;
  /** Ends the count. */
  close(): void;
}

/**
 * Counts from now on what an engine does: system, requests, agent runs and workflows on it. Families are Banyan's (`banyan_*`) and
 * vLLM's under its names. Labels are few: see `tenants` and `tools`. Throws INVALID_OPTION, CLOSED.
 */
export function metrics(engine: Engine, given: MetricsOptions = {}): Metrics {
  return countFor(engine, given, () => performance.now());
}

/** The same, by another clock (milliseconds). */
export function countFor(engine: Engine, given: MetricsOptions, now: () => number): Metrics {
  const options = complete(METRICS, readTable('options', given, METRICS));
  const { info } = engine;
  const registry = new Registry();
  registry.setDefaultLabels({ model_name: given.modelName ?? (info.name || info.architecture) });
  const requests = new RequestFamilies(registry, new CappedLabel(options.tenants));
  const vllm = new VllmFamilies(registry, info, () => requests.allGaps());
  const whole = new EngineFamilies(registry);
  const runs = new RunFamilies(registry, options.tools, now);
  const kindOf = (program: number): ProgramKind => (program === 0 ? 'none' : (runs.kindOf(program) ?? 'conversation'));

  const watch = (about: RequestAbout) => {
    const program = kindOf(about.program);
    let last: number | undefined;
    let gaps: Tally | undefined;
    return (event: RequestStep) => {
      if (event.type === 'tokens') {
        const { length } = event.tokens;
        if (length === 0) return;
        const at = now();
        vllm.outputTokens += length;
        if (last === undefined) runs.firstToken(about.program);
        else {
          gaps ??= requests.gaps(about, program);
          gaps.add((at - last) / 1_000 / length, length);
        }
        last = at;
      } else if (event.type === 'ended') {
        runs.ended(about, event);
        requests.ended(about, program, event);
        if (event.started) vllm.ended(about, event);
      } else if (event.type === 'failed') {
        requests.failed(about, program, event.code);
        vllm.failed();
      }
    };
  };
  const leave = [engine.watchRequests(watch), watchRuns((run) => (run.host === engine ? runs.began(run) : undefined))];

  const tell = (stats: NativeStats) => {
    vllm.tell(stats);
    whole.tell(stats);
  };
  return {
    registry,
    contentType: registry.contentType,
    text: async () => {
      if (!engine.closed) await engine.stats().then(tell, () => {}); // it was closed meanwhile
      vllm.tellCounted();
      return `${await registry.metrics()}\n${await vllm.aliases()}\n`;
    },
    close: () => {
      for (const end of leave) end();
    },
  };
}
