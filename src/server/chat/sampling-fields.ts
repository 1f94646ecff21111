import { z } from 'zod';
import type { TurnOptions } from '../../engine/request-options.js';
import { given, maybe } from './wire-body.js';

/**
 * How tokens are chosen, in the words of OpenAI's bodies: what a field may be, and what it is as an option. vLLM and
 * llama-server have the same names for what OpenAI lacks.
 */
export const samplingFields = {
  temperature: maybe(z.number().min(0).max(2)),
  top_p: maybe(z.number().min(0).max(1)),
  top_k: maybe(
    z
      .int()
      .min(-1)
      .transform((k) => (k === -1 ? 0 : k)), // -1: all, as vLLM has it
  ),
  min_p: maybe(z.number().min(0).max(1)),
  frequency_penalty: maybe(z.number().min(-2).max(2)),
  presence_penalty: maybe(z.number().min(-2).max(2)),
  repetition_penalty: maybe(z.number().min(0.01).max(100)),
  logit_bias: maybe(z.record(z.string(), z.number())),
  ignore_eos: maybe(z.boolean()),
  seed: maybe(z.int().transform((seed) => seed >>> 0)),
};

type SamplingBody = { [Field in keyof typeof samplingFields]?: z.infer<(typeof samplingFields)[Field]> };

/** The option that each of these fields sets. */
export const SAMPLING_NAMES = {
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  min_p: 'minP',
  frequency_penalty: 'frequencyPenalty',
  presence_penalty: 'presencePenalty',
  repetition_penalty: 'repeatPenalty',
  logit_bias: 'logitBias',
  ignore_eos: 'ignoreEos',
  seed: 'seed',
} as const satisfies Record<keyof SamplingBody, keyof TurnOptions>;

/** The sampling that a body asks for. What it leaves open is the engine's default: those suit models of any size. */
export function toSampling(body: SamplingBody): TurnOptions {
  const options = Object.entries(SAMPLING_NAMES).map(([field, name]) => [name, body[field as keyof SamplingBody]]);
  return given(Object.fromEntries(options) as TurnOptions);
}
