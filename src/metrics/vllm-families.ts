import type { Registry } from 'prom-client';
import type { RequestAbout, RequestStep } from '../engine/watch/request-watch.js';
import type { NativeModelInfo } from '../native/reports/model-info.js';
import type { NativeStats } from '../native/reports/stats.js';
import type { FinishReason } from '../native/vocabulary.js';
import { counts, SECONDS } from './buckets.js';
import { Families } from './family.js';
import type { Series } from './made-histogram.js';

/** Families that have two names: the one of today and the one before, which older dashboards ask for. */
const ALIASES = {
  'vllm:inter_token_latency_seconds': 'vllm:time_per_output_token_seconds',
  'vllm:kv_cache_usage_perc': 'vllm:gpu_cache_usage_perc',
  'vllm:prefix_cache_queries_total': 'vllm:gpu_prefix_cache_queries_total',
  'vllm:prefix_cache_hits_total': 'vllm:gpu_prefix_cache_hits_total',
} as const;

/** Reasons in vLLM's words. */
const REASONS: Record<FinishReason, string> = {
  stop: 'stop',
  'tool-calls': 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  cancelled: 'abort',
  error: 'error',
};

type Ended = Extract<RequestStep, { type: 'ended' }>;

/** What vLLM tells of an engine, under its names, so that dashboards made for it show Banyan. */
export class VllmFamilies {
  /** Tokens of answers, as they came. */
  outputTokens = 0;
  readonly #registry: Registry;
  readonly #running;
  readonly #waiting;
  readonly #usage;
  readonly #queries;
  readonly #hits;
  readonly #preemptions;
  readonly #promptTotal;
  readonly #outputTotal;
  readonly #success;
  readonly #ttft;
  readonly #e2e;
  readonly #queue;
  readonly #inference;
  readonly #prefill;
  readonly #decode;
  readonly #prompt;
  readonly #output;
  readonly #mostOutput;
  readonly #choices;
  readonly #limit;

  /** `gaps`: seconds from a token to the next, as they are counted elsewhere. */
  constructor(registry: Registry, { maxContext, pageTokens, pages }: NativeModelInfo, gaps: () => Series) {
    this.#registry = registry;
    const make = new Families(registry);
    const tokens = counts(maxContext);
    this.#running = make.gauge('vllm:num_requests_running', 'Requests that are computed.');
    this.#waiting = make.gauge('vllm:num_requests_waiting', 'Requests that wait for a place.');
    this.#usage = make.gauge('vllm:kv_cache_usage_perc', 'Part of the pages that is in use, 0 to 1.');
    this.#queries = make.told(
      'vllm:prefix_cache_queries_total',
      'Tokens of prompts that were looked for in the cache.',
    );
    this.#hits = make.told('vllm:prefix_cache_hits_total', 'Tokens of prompts that were in the cache.');
    this.#preemptions = make.told('vllm:num_preemptions_total', 'Times that a request lost its pages to others.');
    this.#promptTotal = make.told('vllm:prompt_tokens_total', 'Tokens of prompts.');
    this.#outputTotal = make.told('vllm:generation_tokens_total', 'Tokens of answers.');
    this.#success = make.counter('vllm:request_success_total', 'Requests that ended, by why.', ['finished_reason']);
    for (const reason of Object.values(REASONS)) this.#success.inc({ finished_reason: reason }, 0);
    this.#ttft = make.histogram('vllm:time_to_first_token_seconds', 'Submission to first token.', SECONDS);
    make.total('vllm:inter_token_latency_seconds', 'Time between two tokens.', gaps);
    this.#e2e = make.histogram('vllm:e2e_request_latency_seconds', 'Submission to end.', SECONDS);
    this.#queue = make.histogram('vllm:request_queue_time_seconds', 'Submission to first step.', SECONDS);
    this.#inference = make.histogram('vllm:request_inference_time_seconds', 'First step to end.', SECONDS);
    this.#prefill = make.histogram('vllm:request_prefill_time_seconds', 'First step to first token.', SECONDS);
    this.#decode = make.histogram('vllm:request_decode_time_seconds', 'First token to end.', SECONDS);
    this.#prompt = make.histogram('vllm:request_prompt_tokens', 'Tokens of a prompt.', tokens);
    this.#output = make.histogram('vllm:request_generation_tokens', 'Tokens of an answer.', tokens);
    this.#mostOutput = make.histogram(
      'vllm:request_max_num_generation_tokens',
      'Tokens of the longest answer of a request.',
      tokens,
    );
    this.#choices = make.histogram('vllm:request_params_n', 'Answers that a request asks for.', counts(10));
    this.#limit = make.histogram('vllm:request_params_max_tokens', 'Most tokens that an answer may have.', tokens);
    const config = make.gauge('vllm:cache_config_info', 'The cache, as it was set up.', [
      'block_size',
      'num_gpu_blocks',
    ]);
    config.set({ block_size: pageTokens, num_gpu_blocks: pages }, 1);
  }

  tell(stats: NativeStats): void {
    this.#running.set(stats.running);
    this.#waiting.set(stats.waiting);
    this.#usage.set(stats.pagesTotal === 0 ? 0 : stats.pagesUsed / stats.pagesTotal);
    this.#queries(stats.promptTokens);
    this.#hits(stats.cachedTokens);
    this.#preemptions(stats.preemptions);
    this.#promptTotal(stats.promptTokens);
  }

  /** What was counted here, for the text that comes next. */
  tellCounted(): void {
    this.#outputTotal(this.outputTokens);
  }

  ended({ maxTokens }: RequestAbout, { reason, usage }: Ended): void {
    const { promptTokens, outputTokens, queueMs, prefillMs, ttftMs, totalMs } = usage;
    this.#success.inc({ finished_reason: REASONS[reason] });
    this.#prompt.observe(promptTokens);
    this.#output.observe(outputTokens);
    this.#mostOutput.observe(outputTokens);
    this.#choices.observe(1);
    if (maxTokens >= 0) this.#limit.observe(maxTokens);
    this.#e2e.observe(totalMs / 1_000);
    this.#queue.observe(queueMs / 1_000);
    this.#inference.observe(Math.max(0, totalMs - queueMs) / 1_000);
    if (ttftMs === 0) return; // no token came
    this.#ttft.observe(ttftMs / 1_000);
    this.#prefill.observe(prefillMs / 1_000);
    this.#decode.observe(Math.max(0, totalMs - ttftMs) / 1_000);
  }

  failed(): void {
    this.#success.inc({ finished_reason: REASONS.error });
  }

  /** The families under their other names. */
  async aliases(): Promise<string> {
    const texts = Object.entries(ALIASES).map(async ([name, alias]) => {
      const text = await this.#registry.getSingleMetricAsString(name);
      return text.replaceAll(name, alias);
    });
    return (await Promise.all(texts)).join('\n\n');
  }
}
