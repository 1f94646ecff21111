import { z } from 'zod';
import { nthTurn, type TurnOptions } from '../../engine/request-options.js';
import { samplingFields, toSampling } from '../chat/sampling-fields.js';
import { classOf, serviceTier } from '../chat/service-tier.js';
import { given, maybe } from '../chat/wire-body.js';

const ids = z.array(z.int().min(0)).min(1);

/** What clients send to /v1/completions: a text, or token ids, that the model goes on with; several are answered at once. */
export const completionRequest = z.object({
  model: maybe(z.string()),
  prompt: z.union([z.string(), ids, z.array(z.string()).min(1).max(64), z.array(ids).min(1).max(64)]),
  max_tokens: maybe(z.int().min(0)),
  ...samplingFields,
  stop: maybe(z.union([z.string(), z.array(z.string()).max(16)])),
  logprobs: maybe(z.int().min(0).max(5)),
  echo: maybe(z.boolean()),
  return_token_ids: maybe(z.boolean()), // as vLLM has it
  n: maybe(z.int().min(1).max(128)),
  best_of: maybe(z.int().min(1)),
  suffix: maybe(z.literal('', 'no text can be put behind the answer')),
  stream: maybe(z.boolean()),
  service_tier: serviceTier,
  prompt_cache_key: maybe(z.string()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
});

export type CompletionRequest = z.infer<typeof completionRequest>;

/** Most tokens when the caller names no limit, as OpenAI has it. */
const DEFAULT_TOKENS = 16;

/** The options of one answer, the `choice`-th of its prompt. */
export function toOptions(body: CompletionRequest, choice: number): TurnOptions {
  const { max_tokens: maxTokens, stop, logprobs, service_tier: tier } = body;
  const own = { maxTokens: maxTokens ?? DEFAULT_TOKENS, stop, logprobs, class: classOf(tier) };
  return nthTurn({ ...toSampling(body), ...given(own) }, choice);
}
