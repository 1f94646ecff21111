import type { Registry } from 'prom-client';
import type { RequestAbout, RequestStep } from '../engine/watch/request-watch.js';
import { SECONDS, SHORT_SECONDS } from './buckets.js';
import type { CappedLabel } from './capped-label.js';
import type { Tally } from './counted-histogram.js';
import { Families } from './family.js';
import type { Series } from './made-histogram.js';

/** What a request is part of: an agent run, a workflow, another program such as a session's or a client's, or nothing. */
export type ProgramKind = 'agent' | 'workflow' | 'conversation' | 'none';

type Ended = Extract<RequestStep, { type: 'ended' }>;

/** Requests, by class, tenant and what they are part of. */
export class RequestFamilies {
  readonly #tenants: CappedLabel;
  readonly #requests;
  readonly #tokens;
  readonly #ttft;
  readonly #queue;
  readonly #waited;
  readonly #gaps;
  readonly #whole;
  readonly #misses;
  readonly #missed;
  readonly #preemptions;
  readonly #calls;

  constructor(registry: Registry, tenants: CappedLabel) {
    this.#tenants = tenants;
    const make = new Families(registry);
    this.#requests = make.counter('banyan_requests_total', 'Requests that ended, by how.', [
      'class',
      'tenant',
      'program',
      'outcome',
    ]);
    this.#tokens = make.counter('banyan_tokens_total', 'Tokens of requests that ended, by kind.', [
      'class',
      'tenant',
      'program',
      'kind',
    ]);
    this.#ttft = make.histogram('banyan_ttft_seconds', 'Submission to first token.', SECONDS, ['class', 'tenant']);
    this.#queue = make.histogram('banyan_queue_seconds', 'Submission to first step.', SECONDS, ['class', 'tenant']);
    this.#waited = make.counter('banyan_waited_seconds_total', 'Without a place in the batch.', ['class', 'tenant']);
    this.#gaps = make.tallies('banyan_itl_seconds', 'Time between two tokens.', SHORT_SECONDS, ['class', 'program']);
    this.#whole = make.histogram('banyan_request_seconds', 'Submission to end.', SECONDS, ['class', 'program']);
    this.#misses = make.counter(
      'banyan_cache_lookups_total',
      'Prompts, by how far they were cached and why not further.',
      ['reason', 'program'],
    );
    this.#missed = make.counter('banyan_missed_tokens_total', 'Tokens of prompts that were not cached, by why.', [
      'reason',
      'program',
    ]);
    this.#preemptions = make.counter('banyan_preemptions_total', 'Times that a request lost its pages.', [
      'class',
      'tenant',
    ]);
    this.#calls = make.counter('banyan_tool_calls_total', 'Tools that answers called.', ['program']);
  }

  /** Seconds from a token to the next, of such requests. */
  gaps({ class: asked }: RequestAbout, program: ProgramKind): Tally {
    return this.#gaps.tally({ class: asked, program });
  }

  /** The same of all requests. */
  allGaps(): Series {
    return this.#gaps.total();
  }

  ended(about: RequestAbout, program: ProgramKind, { started, reason, usage, calls }: Ended): void {
    const own = { class: about.class, tenant: this.#tenants.of(about.tenant) };
    this.#requests.inc({ ...own, program, outcome: reason });
    if (!started) return;
    for (const [kind, tokens] of Object.entries({
      prompt: usage.promptTokens,
      cached: usage.cachedTokens,
      cache_write: usage.cacheWriteTokens,
      computed: usage.computedTokens,
      output: usage.outputTokens,
      reasoning: usage.reasoningTokens,
    })) {
      if (tokens !== null) this.#tokens.inc({ ...own, program, kind }, tokens);
    }
    if (usage.ttftMs > 0) this.#ttft.observe(own, usage.ttftMs / 1_000);
    this.#queue.observe(own, usage.queueMs / 1_000);
    this.#waited.inc(own, usage.waitedMs / 1_000);
    this.#whole.observe({ class: about.class, program }, usage.totalMs / 1_000);
    const why = { reason: usage.miss.reason, program };
    this.#misses.inc(why);
    if (usage.cachedTokens !== null) this.#missed.inc(why, usage.promptTokens - usage.cachedTokens);
    this.#preemptions.inc(own, usage.preemptions);
    this.#calls.inc({ program }, calls.length);
  }

  /** `code`: of its error. */
  failed(about: RequestAbout, program: ProgramKind, code: string): void {
    const tenant = this.#tenants.of(about.tenant);
    this.#requests.inc({ class: about.class, tenant, program, outcome: code.toLowerCase() });
  }
}
